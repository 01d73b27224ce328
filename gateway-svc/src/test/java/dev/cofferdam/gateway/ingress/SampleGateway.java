package dev.cofferdam.gateway.ingress;

import dev.cofferdam.gateway.connection.TenantConnections;
import dev.cofferdam.gateway.dispatch.Dispatcher;
import dev.cofferdam.gateway.dispatch.Ending;
import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.PrefixNames;
import dev.cofferdam.gateway.dispatch.RequestObserver;
import dev.cofferdam.gateway.dispatch.ResponseCache;
import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.gateway.dispatch.grpc.GrpcPlacements;
import dev.cofferdam.gateway.dispatch.grpc.GrpcWorkers;
import dev.cofferdam.gateway.facts.RecordedFacts;
import dev.cofferdam.gateway.identity.Authentication;
import dev.cofferdam.gateway.identity.Authenticator;
import dev.cofferdam.gateway.identity.Credentials;
import dev.cofferdam.gateway.prompt.SampleFormats;
import dev.cofferdam.gateway.quota.Admission;
import dev.cofferdam.gateway.quota.BreakerSettings;
import dev.cofferdam.gateway.quota.Lease;
import dev.cofferdam.gateway.quota.Limiter;
import dev.cofferdam.gateway.quota.Reservation;
import dev.cofferdam.gateway.quota.TenantBreakers;
import dev.cofferdam.gateway.quota.Used;
import dev.cofferdam.gateway.responses.MemoryResponses;
import dev.cofferdam.gateway.responses.MeshEmbedder;
import dev.cofferdam.gateway.responses.ResponseSeal;
import dev.cofferdam.gateway.responses.SimilarResponses;
import dev.cofferdam.gateway.retrieval.Documents;
import dev.cofferdam.gateway.shadow.Shadows;
import dev.cofferdam.gateway.tenancy.AdapterEntry;
import dev.cofferdam.gateway.tenancy.Catalog;
import dev.cofferdam.gateway.tenancy.ModelEntry;
import dev.cofferdam.gateway.transcripts.TranscriptWriter;
import dev.cofferdam.gateway.transcripts.Transcripts;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.vocabulary.ConnectionLimits;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.io.Closeable;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** A gateway over given routers, with limits, keys and a catalog in memory. */
public final class SampleGateway implements Closeable {
  public static final String KEY = "cdm_test";

  /** A key of another tenant. */
  public static final String NEIGHBOUR_KEY = "cdm_next";

  public final RecordedFacts facts = new RecordedFacts();
  public final List<String> settled = new CopyOnWriteArrayList<>();
  public final List<Throwable> bugs = new CopyOnWriteArrayList<>();
  public final BlockingQueue<Ending> endings = new LinkedBlockingQueue<>();
  public volatile Optional<Refusal> limitWith = Optional.empty();

  /** The key's tenant is of this tier. */
  public volatile Tier tier = Tier.STANDARD;

  /** Seconds for which its prompts and answers are kept. */
  public volatile int keptSeconds;

  /** Whether answers may be given again, also to similar questions. */
  public volatile boolean likening;

  /** Where answers lie that may be given again. */
  public final MemoryResponses responses = new MemoryResponses();

  /** Brings transcripts to the store. */
  public final TranscriptWriter written;

  /** What both tenants' clients may have of the network. */
  public volatile ConnectionLimits connectionLimits = ConnectionLimits.UNLIMITED;

  public final TenantConnections connections = new TenantConnections();

  /** Room for what is to be read. */
  public final BodyMemory bodies = new BodyMemory(48 << 20);

  public volatile OptionalInt poolContextTokensMax = OptionalInt.empty();

  /** Whether a pool takes what is asked for. */
  public volatile boolean served = true;

  public final TenantBreakers breakers = new TenantBreakers(BreakerSettings.DEFAULTS);
  public final Intake intake;
  public final Dispatcher dispatcher;
  public final ExecutorService executor = Executors.newFixedThreadPool(4);
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final MeshChannels channels;

  public SampleGateway(TlsFiles identity, List<String> routers) {
    this(identity, routers, 60_000);
  }

  /**
   * @param stallMsMax milliseconds for which a client may not read
   */
  public SampleGateway(TlsFiles identity, List<String> routers, long stallMsMax) {
    this(identity, routers, stallMsMax, Documents.NONE, Transcripts.NONE);
  }

  /**
   * @param stallMsMax milliseconds for which a client may not read
   * @param documents what passages are looked for in
   * @param transcripts where prompts and answers are kept
   */
  public SampleGateway(
      TlsFiles identity,
      List<String> routers,
      long stallMsMax,
      Documents documents,
      Transcripts transcripts) {
    channels = new MeshChannels(identity);
    Clock clock = Clock.systemUTC();
    written = new TranscriptWriter(transcripts, facts, clock, executor, 1 << 20);
    Dispatcher generating =
        new Dispatcher(
            new MemoryLimiter(),
            new GrpcPlacements(channels, routers, clock),
            ResponseCache.NONE,
            written,
            new GrpcWorkers(channels, clock),
            facts,
            new PrefixNames(new byte[32], 16),
            timer,
            timer,
            clock,
            new Observer(),
            stallMsMax);
    dispatcher =
        generating.recallingFrom(
            new SimilarResponses(
                new ResponseSeal(new byte[32]), responses, new MeshEmbedder(generating, executor)));
    intake =
        new Intake(
            new Offers(new MemoryCatalog()),
            model -> SampleFormats.SUPPORT_DESK,
            documents,
            facts,
            clock,
            () -> 42L,
            60_000,
            breakers,
            new Shadows(0, comparison -> {}));
  }

  /** The key's tenant, or nobody. */
  public Authenticator authenticator() {
    return new Authenticator() {
      @Override
      public Authentication authenticate(Credentials credentials) {
        return switch (credentials.bearerKey().orElse("")) {
          case KEY ->
              new Authentication.Accepted(
                  likening
                      ? Samples.likening("harbor-books")
                      : keptSeconds > 0
                          ? Samples.keeping("harbor-books", tier, keptSeconds)
                          : Samples.identity("harbor-books", tier, connectionLimits));
          case NEIGHBOUR_KEY ->
              new Authentication.Accepted(
                  likening
                      ? Samples.likening("pixel-pirates")
                      : Samples.identity("pixel-pirates", tier, connectionLimits));
          default ->
              new Authentication.Rejected(
                  Refusal.of(ErrorCode.UNAUTHENTICATED, "the API key is not valid"));
        };
      }

      @Override
      public Authentication authenticate(
          dev.cofferdam.vocabulary.RequestId request, Credentials credentials) {
        return authenticate(credentials);
      }
    };
  }

  @Override
  public void close() throws IOException {
    timer.shutdownNow();
    executor.shutdownNow();
    try {
      executor.awaitTermination(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    channels.close();
  }

  private final class MemoryLimiter implements Limiter {
    @Override
    public CompletionStage<Admission> admit(Reservation reservation) {
      return CompletableFuture.completedFuture(
          limitWith.isPresent()
              ? new Admission.Refused(
                  limitWith.get().withRetryAfter(Duration.ofMillis(1_250)), Samples.LIMITS)
              : new Admission.Granted(new Lease(reservation, "t"), Samples.LIMITS));
    }

    @Override
    public CompletionStage<Void> settle(Lease lease, Used used) {
      settled.add(used.promptTokens() + "+" + used.outputTokens());
      return CompletableFuture.completedFuture(null);
    }
  }

  private final class MemoryCatalog implements Catalog {
    private static final AdapterEntry ADAPTER =
        new AdapterEntry(
            new TenantId("harbor-books"), "harbor-books", "support-desk", "a".repeat(64));

    @Override
    public Optional<ModelEntry> model(String id) {
      return id.equals("heavy-model")
          ? Optional.of(new ModelEntry(id, id, "", 8_192, 10_000_000, false, 1))
          : models().stream().filter(m -> m.id().equals(id)).findFirst();
    }

    @Override
    public List<ModelEntry> models() {
      return List.of(
          new ModelEntry("secret-model", "secret-model", "", 8_192, 0, true, 1), Samples.MODEL);
    }

    @Override
    public Optional<AdapterEntry> adapter(TenantId owner, String name) {
      return adapters(owner).stream().filter(a -> a.name().equals(name)).findFirst();
    }

    @Override
    public List<AdapterEntry> adapters(TenantId owner) {
      return owner.equals(ADAPTER.tenant()) ? List.of(ADAPTER) : List.of();
    }

    @Override
    public boolean isAnothersAdapter(TenantId owner, String name) {
      return name.equals("pixel-pirates");
    }

    @Override
    public OptionalInt poolContextTokensMax(
        TenantProfile tenant, ModelEntry model, WorkloadClass workloadClass) {
      return poolContextTokensMax;
    }

    @Override
    public boolean served(TenantProfile tenant, ModelEntry model, WorkloadClass workloadClass) {
      return served;
    }

    @Override
    public Optional<ModelEntry> defaultModel(TenantProfile tenant) {
      return Optional.of(Samples.MODEL);
    }
  }

  private final class Observer implements RequestObserver {
    @Override
    public void ended(Generation generation, Ending ending) {
      endings.add(ending);
    }

    @Override
    public void auditLost(Generation generation) {
      bugs.add(new IllegalStateException("an audit fact was lost"));
    }

    @Override
    public void broken(Generation generation, Throwable bug) {
      bugs.add(bug);
    }
  }
}
