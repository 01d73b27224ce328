package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.admin.FolderRoot;
import dev.cofferdam.gateway.admin.grpc.AdminGrpcService;
import dev.cofferdam.gateway.admin.grpc.RolloutGrpcService;
import dev.cofferdam.gateway.admin.kafka.KafkaConfiguration;
import dev.cofferdam.gateway.connection.TenantConnections;
import dev.cofferdam.gateway.dispatch.Dispatcher;
import dev.cofferdam.gateway.dispatch.FullQueues;
import dev.cofferdam.gateway.dispatch.PrefixNames;
import dev.cofferdam.gateway.dispatch.ResponseCache;
import dev.cofferdam.gateway.dispatch.grpc.GrpcPlacements;
import dev.cofferdam.gateway.dispatch.grpc.GrpcWorkers;
import dev.cofferdam.gateway.facts.AuditKeys;
import dev.cofferdam.gateway.facts.kafka.KafkaAuditFacts;
import dev.cofferdam.gateway.identity.Authenticator;
import dev.cofferdam.gateway.identity.IdentityFacts;
import dev.cofferdam.gateway.identity.TenantAuthenticator;
import dev.cofferdam.gateway.ingress.BodyMemory;
import dev.cofferdam.gateway.ingress.Intake;
import dev.cofferdam.gateway.ingress.Offers;
import dev.cofferdam.gateway.ingress.anthropic.AnthropicApi;
import dev.cofferdam.gateway.ingress.grpc.GrpcConnections;
import dev.cofferdam.gateway.ingress.grpc.IdentityInterceptor;
import dev.cofferdam.gateway.ingress.grpc.InferenceEndpoint;
import dev.cofferdam.gateway.ingress.grpc.ReadDeadline;
import dev.cofferdam.gateway.ingress.openai.DocumentsApi;
import dev.cofferdam.gateway.ingress.openai.OpenAiApi;
import dev.cofferdam.gateway.ingress.openai.StoredRequestsApi;
import dev.cofferdam.gateway.ingress.rest.RestEdge;
import dev.cofferdam.gateway.ingress.rest.RestServer;
import dev.cofferdam.gateway.ingress.rest.RestSettings;
import dev.cofferdam.gateway.quota.BreakerSettings;
import dev.cofferdam.gateway.quota.GuardedLimiter;
import dev.cofferdam.gateway.quota.LeaseSettings;
import dev.cofferdam.gateway.quota.Limiter;
import dev.cofferdam.gateway.quota.LimiterSettings;
import dev.cofferdam.gateway.quota.RateCards;
import dev.cofferdam.gateway.quota.TenantBreakers;
import dev.cofferdam.gateway.quota.kafka.LedgerStatements;
import dev.cofferdam.gateway.quota.redis.LeasedLimiter;
import dev.cofferdam.gateway.quota.redis.RedisLimiter;
import dev.cofferdam.gateway.shadow.Shadows;
import dev.cofferdam.gateway.tenancy.Catalog;
import dev.cofferdam.gateway.tenancy.Tenants;
import dev.cofferdam.gateway.tenancy.kafka.ConfiguredCatalog;
import dev.cofferdam.gateway.tenancy.kafka.ConfiguredRateCards;
import dev.cofferdam.gateway.tenancy.kafka.ConfiguredTenants;
import dev.cofferdam.gateway.tenancy.postgres.TenantDatabase;
import dev.cofferdam.gateway.transcripts.TranscriptWriter;
import dev.cofferdam.mesh.Caller;
import dev.cofferdam.mesh.EventLoops;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.kafka.ConfigFeed;
import dev.cofferdam.mesh.kafka.ConfigWriter;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.RefusedCalls;
import io.vertx.core.Vertx;
import io.vertx.core.impl.VertxInternal;
import io.vertx.ext.web.Router;
import io.vertx.redis.client.Redis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The gateway's parts, put together. */
final class Gateway implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);
  private static final long STOP_MS = 2_000;

  /**
   * Prompts, or audit facts, that wait for a thread; facts beyond it are written where they come.
   */
  private static final int WORK_MAX = 8_192;

  private final GatewayConfig config;
  private final TlsFiles tls;
  private final KafkaConfiguration.Views views;
  private final ConfigFeed feed;
  private final ConfigWriter writer;
  private final FactPublisher publisher;
  private final RedisLimiter limiter;
  private final LedgerStatements ledger;
  private final Optional<LeasedLimiter> leased;
  private final EventLoops loops;
  private final MeshChannels channels;
  private final ScheduledThreadPoolExecutor timer;
  private final ExecutorService workers;
  private final ExecutorService disk;
  private final InferenceEndpoint inference;
  private final AdminGrpcService admin;
  private final RolloutGrpcService rollouts;
  private final TrustedIssuer issuer;
  private final Authenticator authenticator;
  private final Stores stores;
  private final Optional<StorageReports> storage;
  private final TenantConnections connections = new TenantConnections();
  private final RestEdge edge;
  private final Optional<BatchJobs> batches;
  private final Vertx vertx;
  private Optional<ConsoleServer> console = Optional.empty();

  /**
   * @param database the gateway's own database, where it has one
   */
  Gateway(
      GatewayConfig config,
      Redis redis,
      Vertx vertx,
      GatewayMetrics metrics,
      Optional<TenantDatabase> database) {
    Clock clock = Clock.systemUTC();
    SecureRandom random = new SecureRandom();
    this.config = config;
    this.vertx = vertx;
    this.tls = new TlsFiles(config.tls().certificate(), config.tls().key(), config.tls().trust());
    KafkaSettings kafka = KafkaSettings.of(config.kafka().properties(), tls);
    ConfigFeed.Builder configured = ConfigFeed.of(kafka, config.stateDir());
    this.views = KafkaConfiguration.Views.of(configured);
    this.feed = configured.start();
    this.writer = ConfigWriter.open(kafka, "gateway-admin", feed);
    this.publisher =
        FactPublisher.open(
            kafka, "gateway", config.stateDir().resolve("spool"), config.audit().spoolBytesMax());
    KafkaAuditFacts facts =
        new KafkaAuditFacts(
            publisher, new AuditKeys(secret(config.audit().hmacSecretFile())), clock);
    LimiterSettings limits =
        LimiterSettings.ofReplicas(config.gatewayReplicas(), config.limits().dashboard());
    RateCards rateCards = new ConfiguredRateCards(views.rateCards(), clock);
    this.limiter =
        new RedisLimiter(
            redis,
            limits,
            rateCards,
            (tenant, use, percent) -> metrics.budgetAlert(tenant, use.budget(), percent),
            clock);
    this.ledger = LedgerStatements.open(kafka, config.stateDir(), limiter::atLeast);
    this.leased =
        config.limits().mode() == GatewayConfig.LimitMode.LEASED
            ? Optional.of(
                new LeasedLimiter(limiter, redis, limits, LeaseSettings.DEFAULTS, rateCards, clock))
            : Optional.empty();
    this.loops = EventLoops.of(((VertxInternal) vertx).getEventLoopGroup());
    this.channels = new MeshChannels(tls, loops);
    this.timer =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("request-timer").factory());
    timer.setRemoveOnCancelPolicy(true);
    this.workers = threads("request-", config.request().threads());
    this.disk = threads("facts-disk-", 1);
    IdentityFacts identityFacts =
        new IdentityFacts(facts, config.audit().refusalsPerSecondMax(), clock);
    Catalog catalog = new ConfiguredCatalog(views.models(), views.adapters(), views.pools());
    Tenants tenants = new ConfiguredTenants(views.tenants(), views.keys());
    this.issuer = new TrustedIssuer(config.jwt(), facts::contentHash, clock);
    this.authenticator =
        new TenantAuthenticator(
            config.trustDomain(),
            tenants,
            model -> catalog.model(model).filter(m -> !m.restricted()).isPresent(),
            issuer.tokens(),
            identityFacts,
            clock);
    TenantBreakers breakers = new TenantBreakers(BreakerSettings.DEFAULTS);
    this.stores = new Stores(config, database);
    this.storage = database.map(db -> new StorageReports(db, views.tenants(), publisher, clock));
    TranscriptWriter transcripts = stores.writer(facts, clock);
    Offers offers = new Offers(catalog);
    KeptResponses responses = new KeptResponses(config.responses(), redis, offers);
    Shadows shadows = new Shadows(config.request().shadowsMax(), metrics::compared);
    Dispatcher generating =
        new Dispatcher(
            new GuardedLimiter(
                metrics.timed(leased.<Limiter>map(l -> l).orElse(limiter)), breakers, clock),
            new FullQueues(new GrpcPlacements(channels, config.router().endpoints(), clock), clock),
            ResponseCache.NONE,
            transcripts,
            new GrpcWorkers(channels, clock),
            metrics.timed(facts),
            new PrefixNames(secret(config.prefix().secretFile()), config.prefix().blockTokens()),
            timer,
            disk,
            clock,
            new GuardedObserver(metrics, breakers, shadows, clock),
            config.request().stallMsMax());
    shadows.through(generating);
    Dispatcher dispatcher = responses.in(generating, workers);
    FolderFormats formats = new FolderFormats(config.models().root(), clock);
    Intake intake =
        new Intake(
            offers,
            formats,
            stores.documents(),
            facts,
            clock,
            random::nextLong,
            config.request().msMax(),
            breakers,
            shadows);
    BodyMemory bodies = BodyMemory.ofHeap();
    this.inference = new InferenceEndpoint(intake, dispatcher, workers, bodies);
    this.edge =
        new RestEdge(
            vertx,
            authenticator,
            intake,
            dispatcher,
            workers,
            restSettings(config.rest()),
            connections,
            bodies);
    this.batches =
        database.flatMap(
            db ->
                config
                    .batches()
                    .secretFile()
                    .map(
                        file ->
                            new BatchJobs(
                                config.batches(),
                                db,
                                secret(file),
                                edge,
                                dispatcher,
                                stores.foreignIds(),
                                tenants,
                                feed::caughtUp,
                                clock)));
    batches.map(BatchJobs::runner).ifPresent(metrics::watch);
    KafkaConfiguration configuration = new KafkaConfiguration(writer, views);
    Optional<FolderRoot> adapters = config.adapters().root().map(FolderRoot::new);
    this.rollouts = new RolloutGrpcService(configuration, adapters, facts, clock, Caller::current);
    this.admin =
        new AdminGrpcService(
            configuration,
            new FolderRoot(config.models().root()),
            adapters,
            responses,
            tenant -> {
              stores.erase(tenant);
              responses.erase(tenant);
              batches.ifPresent(jobs -> jobs.erase(tenant));
            },
            facts,
            random,
            clock,
            Caller::current);
    metrics.watch(limiter, identityFacts, publisher);
    metrics.watch(breakers, clock);
    metrics.watch(transcripts);
    metrics.watch(stores.foreignIds());
    metrics.watch(connections);
    leased.ifPresent(metrics::watch);
    issuer.keys().ifPresent(metrics::watch);
    views
        .models()
        .onChange(
            () -> {
              if (!workers.isShutdown()) {
                workers.execute(() -> formats.warmUp(catalog.models()));
              }
            });
    workers.execute(() -> formats.warmUp(catalog.models()));
  }

  private static ExecutorService threads(String name, int count) {
    return new ThreadPoolExecutor(
        count,
        count,
        0,
        TimeUnit.SECONDS,
        new ArrayBlockingQueue<>(WORK_MAX),
        Thread.ofPlatform().daemon().name(name, 0).factory());
  }

  /** Starts the REST APIs. */
  RestServer serveRest() {
    Router router = Router.router(vertx);
    batches.ifPresent(b -> b.mount(router));
    new AnthropicApi(edge, edge.intake(), Clock.systemUTC()).mount(router);
    new DocumentsApi(edge, stores.documents(), stores.foreignIds()).mount(router);
    new StoredRequestsApi(edge, stores.transcripts(), stores.foreignIds()).mount(router);
    new OpenAiApi(edge, edge.intake().offers()).mount(router);
    return RestServer.start(
        edge, router, config.rest().host(), config.rest().port(), Optional.of(tls));
  }

  private static RestSettings restSettings(GatewayConfig.Rest rest) {
    return new RestSettings(
        rest.headBytesMax(),
        rest.headMsMax(),
        rest.idleMsMax(),
        rest.bodyMsMax(),
        rest.streamsMax(),
        rest.resetsMax(),
        rest.heartbeatMs());
  }

  /** Starts the gRPC API. */
  MeshServer serve() {
    return MeshServer.builder(config.trustDomain(), tls)
        .listen(config.listen().host(), config.listen().port())
        .loops(loops, InferenceEndpoint::isShort)
        .clientCertificateOptional()
        .reflection(config.reflection())
        .streamsMax(config.rest().streamsMax())
        .connectionIdleMsMax(config.rest().idleMsMax())
        .interceptor(new ReadDeadline(timer, config.rest().bodyMsMax()))
        .connections(new GrpcConnections(connections))
        .interceptor(new IdentityInterceptor(authenticator, edge.intake()))
        .onRefused(new RefusedCalls(publisher, InstantSource.system()))
        .service(inference::strict)
        .service(admin)
        .service(rollouts)
        .start();
  }

  /** Starts the pages, where they are wanted. */
  void startConsole() {
    console = ConsoleServer.start(config, tls, views.tenants(), publisher, Clock.systemUTC());
  }

  /** Whether tenants, keys, models and adapters are known. */
  boolean knowsConfiguration() {
    return feed.caughtUp();
  }

  @Override
  public void close() {
    console.ifPresent(ConsoleServer::close);
    batches.ifPresent(BatchJobs::close);
    timer.shutdownNow();
    workers.shutdown();
    disk.shutdown();
    try {
      if (!workers.awaitTermination(STOP_MS, TimeUnit.MILLISECONDS)) {
        workers.shutdownNow();
      }
      if (!disk.awaitTermination(STOP_MS, TimeUnit.MILLISECONDS)) {
        LOG.warn("audit facts are left unwritten: the disk does not keep up");
      }
      channels.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      LOG.warn("cannot close the channels: {}", e.getMessage());
    }
    storage.ifPresent(StorageReports::close);
    stores.close();
    leased.ifPresent(LeasedLimiter::close);
    issuer.close();
    ledger.close();
    limiter.close();
    publisher.close();
    writer.close();
    feed.close();
  }

  static byte[] secret(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new IllegalStateException("cannot read the secret in " + file, e);
    }
  }
}
