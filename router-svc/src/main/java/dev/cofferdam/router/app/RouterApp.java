package dev.cofferdam.router.app;

import dev.cofferdam.mesh.EventLoops;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.ParentWatch;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.RefusedCalls;
import dev.cofferdam.router.affinity.PrefixIndex;
import dev.cofferdam.router.fleet.Fleet;
import dev.cofferdam.router.fleet.grpc.Announcements;
import dev.cofferdam.router.health.Breakers;
import dev.cofferdam.router.health.WorkerHealth;
import dev.cofferdam.router.health.kafka.UsageFeed;
import dev.cofferdam.router.placement.Explanations;
import dev.cofferdam.router.placement.grpc.RoutingEndpoint;
import dev.cofferdam.router.placement.grpc.SchedulersInTurn;
import dev.cofferdam.router.placement.grpc.Surroundings;
import dev.cofferdam.router.rollout.Rollouts;
import dev.cofferdam.router.rollout.grpc.RollBacks;
import dev.cofferdam.router.routing.Conditions;
import dev.cofferdam.router.routing.RoutePlanner;
import dev.cofferdam.router.routing.RoutingWeights;
import dev.cofferdam.router.tenancy.kafka.TopicDirectory;
import dev.cofferdam.vocabulary.SpiffeId;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Life of router-svc. */
@ApplicationScoped
public class RouterApp {
  private static final Logger LOG = LoggerFactory.getLogger(RouterApp.class);

  private final RouterConfig config;
  private final RouterMetrics metrics;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("placement-timer").factory());
  private final EventLoops loops = EventLoops.start();
  private @Nullable MeshServer server;
  private @Nullable UsageFeed feed;
  private @Nullable FactPublisher publisher;
  private @Nullable MeshChannels channels;
  private volatile @Nullable TopicDirectory directory;

  public RouterApp(RouterConfig config, RouterMetrics metrics) {
    this.config = config;
    this.metrics = metrics;
  }

  void start(@Observes StartupEvent event) {
    ParentWatch.startIfAsked();
    TlsFiles tls =
        new TlsFiles(config.tls().certificate(), config.tls().key(), config.tls().trust());
    KafkaSettings kafka = KafkaSettings.of(config.kafka().properties(), tls);
    TopicDirectory topics = new TopicDirectory(kafka, config.stateDir());
    directory = topics;
    MeshChannels peers = new MeshChannels(tls, loops);
    channels = peers;
    Clock clock = Clock.systemUTC();
    Fleet fleet = new Fleet(config.placement().silenceMsMax(), config.placement().workersMax());
    PrefixIndex index = new PrefixIndex(config.placement().digestsMax());
    Conditions conditions =
        new Conditions(
            new WorkerHealth(
                WorkerHealth.Settings.DEFAULT.withEjectedMs(config.health().ejectedMs())),
            new Breakers(Breakers.Settings.DEFAULT.withOpenMs(config.health().breakerOpenMs())),
            config.zone().orElse(""));
    metrics.watch(fleet, index, conditions, clock);
    var unused =
        timer.scheduleWithFixedDelay(
            () -> metrics.refresh(fleet, clock.millis()), 1, 1, TimeUnit.SECONDS);
    Consequences consequences =
        new Consequences(
            topics,
            conditions,
            new Rollouts(topics),
            new RollBacks(peers, config.gateway().endpoints().orElse(List.of()), clock),
            metrics,
            clock);
    feed = UsageFeed.open(kafka, consequences::attemptEnded);
    FactPublisher facts =
        FactPublisher.open(
            kafka, "router", config.stateDir().resolve("spool"), config.spoolBytesMax());
    publisher = facts;
    Surroundings around =
        new Surroundings(
            new RoutePlanner(topics, index, RoutingWeights.DEFAULT, conditions),
            fleet,
            new SchedulersInTurn(
                pool ->
                    config.scheduler().pools().getOrDefault(pool, config.scheduler().endpoint()),
                endpoint -> peers.to(endpoint, SpiffeId.Role.SCHEDULER)),
            timer,
            clock,
            config.placement().noWorkerMsMax(),
            metrics,
            new Explanations(config.placement().explanationsMax()));
    MeshServer serving =
        MeshServer.builder(config.trustDomain(), tls)
            .listen(config.listen().host(), config.listen().port())
            .loops(loops, method -> true) // nothing here waits
            .onRefused(new RefusedCalls(facts, clock))
            .service(
                new RoutingEndpoint(
                    around, new Announcements(fleet, index, clock), metrics::signals))
            .start();
    server = serving;
    LOG.info("router ready on {}:{}", config.listen().host(), serving.port());
  }

  void stop(@Observes ShutdownEvent event) throws IOException {
    MeshServer serving = server;
    if (serving != null) {
      serving.stop(1_000);
    }
    timer.shutdownNow();
    UsageFeed ends = feed;
    if (ends != null) {
      ends.close();
    }
    FactPublisher facts = publisher;
    if (facts != null) {
      facts.close();
    }
    MeshChannels peers = channels;
    if (peers != null) {
      peers.close();
    }
    loops.close();
    TopicDirectory topics = directory;
    if (topics != null) {
      topics.close();
    }
  }

  /** Whether the configuration is known. */
  boolean knowsConfiguration() {
    TopicDirectory topics = directory;
    return topics != null && topics.ready();
  }
}
