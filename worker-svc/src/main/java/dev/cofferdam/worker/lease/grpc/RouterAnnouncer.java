package dev.cofferdam.worker.lease.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.proto.routing.v1.AnnounceRequest;
import dev.cofferdam.proto.routing.v1.AnnounceResponse;
import dev.cofferdam.proto.routing.v1.CacheChange;
import dev.cofferdam.proto.routing.v1.Load;
import dev.cofferdam.proto.routing.v1.ModelLoad;
import dev.cofferdam.proto.routing.v1.RoutingServiceGrpc;
import dev.cofferdam.proto.routing.v1.WorkerIdentity;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.worker.kvcache.CacheJournal;
import dev.cofferdam.worker.kvcache.Digest;
import dev.cofferdam.worker.lease.WorkerLoad;
import dev.cofferdam.worker.lease.WorkerProfile;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells each router what this worker is, how loaded it is (on a change, and twice a second), and
 * which prefix blocks it holds: digests only. A router that comes back, or that reads too slowly,
 * is told everything anew.
 */
public final class RouterAnnouncer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RouterAnnouncer.class);
  private static final long TICK_MS = 50;
  private static final long LOAD_INTERVAL_MS = 500;

  /** Digests of one message: 128 KiB. */
  private static final int DIGESTS_MAX = 4_000;

  private final MeshChannels channels;
  private final WorkerProfile profile;
  private final Supplier<WorkerLoad> load;
  private final CacheJournal journal;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          task -> Thread.ofPlatform().daemon().name("announcer").unstarted(task));
  private final List<Router> routers = new ArrayList<>();

  /**
   * @param endpoints host:port of every router
   * @param load the load of now
   * @param journal what the prefix cache holds
   */
  public RouterAnnouncer(
      MeshChannels channels,
      List<String> endpoints,
      WorkerProfile profile,
      Supplier<WorkerLoad> load,
      CacheJournal journal) {
    this.channels = channels;
    this.profile = profile;
    this.load = load;
    this.journal = journal;
    endpoints.forEach(endpoint -> routers.add(new Router(endpoint)));
  }

  /** Begins to announce. */
  public void start() {
    thread.scheduleWithFixedDelay(this::tick, 0, TICK_MS, TimeUnit.MILLISECONDS);
  }

  private void tick() {
    WorkerLoad now = load.get();
    long nowMs = System.nanoTime() / 1_000_000;
    for (Router router : routers) {
      try {
        router.tick(now, nowMs);
      } catch (RuntimeException e) {
        LOG.warn("announcing to {} failed: {}", router.endpoint, e.getClass().getName());
        router.close();
      }
    }
  }

  /** Announces a change at once. */
  public void announceNow() {
    thread.execute(this::tick);
  }

  @Override
  public void close() {
    thread.execute(() -> routers.forEach(Router::close));
    thread.shutdown();
  }

  private static AnnounceRequest identity(WorkerProfile profile) {
    return AnnounceRequest.newBuilder()
        .setIdentity(
            WorkerIdentity.newBuilder()
                .setWorkerId(profile.workerId())
                .setIncarnation(profile.incarnation())
                .setPool(profile.pool())
                .setEndpoint(profile.endpoint())
                .addAllModels(profile.models().stream().map(WorkerProfile.Model::id).toList())
                .setBlockTokens(profile.blockTokens())
                .setZone(profile.zone())
                .setTenant(profile.tenant()))
        .build();
  }

  private AnnounceRequest load(WorkerLoad now) {
    Load.Builder message =
        Load.newBuilder()
            .setRunning(now.running())
            .setSlots(profile.slots())
            .addAllAdaptersResident(now.adapters())
            .setDraining(now.draining());
    long free = 0;
    long blocks = 0;
    for (WorkerLoad.ModelLoad model : now.models()) {
      free += model.kvBlocksFree();
      blocks += model.kvBlocks();
      message.addModels(
          ModelLoad.newBuilder()
              .setModel(model.model())
              .setInMemory(model.inMemory())
              .setKvBlocksFree(model.kvBlocksFree())
              .setKvBlocks(model.kvBlocks()));
    }
    message.setKvBlocksFree(Math.clamp(free, 0, Integer.MAX_VALUE));
    message.setKvBlocks(Math.clamp(blocks, 0, Integer.MAX_VALUE));
    return AnnounceRequest.newBuilder().setLoad(message).build();
  }

  /** One router; used by the announcer's thread only, but for the stream's end. */
  private final class Router {
    final String endpoint;
    private final Backoff backoff = new Backoff();
    private @Nullable Stream stream;
    private @Nullable WorkerLoad told;
    private long toldMs;
    private long cursor = -1;
    private long retryMs = Long.MIN_VALUE;

    Router(String endpoint) {
      this.endpoint = endpoint;
    }

    void tick(WorkerLoad now, long nowMs) {
      if (stream != null && stream.ended) {
        stream = null;
        retryMs = nowMs + backoff.nextMs();
      }
      if (stream == null) {
        if (nowMs < retryMs) {
          return;
        }
        open();
      }
      Stream current = stream;
      if (current == null || !current.isReady()) {
        return;
      }
      backoff.reset();
      if (!now.equals(told) || nowMs - toldMs >= LOAD_INTERVAL_MS) {
        current.send(load(now));
        told = now;
        toldMs = nowMs;
      }
      tellCache(current);
    }

    private void open() {
      Stream opened = new Stream();
      stream = opened;
      told = null;
      cursor = -1;
      ManagedChannel channel = channels.to(endpoint, SpiffeId.Role.ROUTER);
      channel.resetConnectBackoff();
      Context.ROOT.run(() -> RoutingServiceGrpc.newStub(channel).announce(opened));
      opened.send(identity(profile));
    }

    private void tellCache(Stream current) {
      CacheJournal.Changes changes = journal.after(cursor);
      if (changes.isEmpty()) {
        return;
      }
      cursor = changes.cursor();
      CacheChange.Builder message = CacheChange.newBuilder().setReset(changes.reset());
      for (Digest removed : changes.removed()) {
        message = flushIfFull(current, message.addRemoved(bytes(removed)));
      }
      for (Digest added : changes.added()) {
        message = flushIfFull(current, message.addAdded(bytes(added)));
      }
      current.send(AnnounceRequest.newBuilder().setCache(message).build());
    }

    private static CacheChange.Builder flushIfFull(Stream current, CacheChange.Builder message) {
      if (message.getAddedCount() + message.getRemovedCount() < DIGESTS_MAX) {
        return message;
      }
      current.send(AnnounceRequest.newBuilder().setCache(message).build());
      return CacheChange.newBuilder();
    }

    private static ByteString bytes(Digest digest) {
      return UnsafeByteOperations.unsafeWrap(digest.bytes());
    }

    void close() {
      Stream current = stream;
      stream = null;
      if (current != null) {
        current.close();
      }
    }
  }

  /** One announcement stream. */
  private static final class Stream
      implements ClientResponseObserver<AnnounceRequest, AnnounceResponse> {
    private @Nullable ClientCallStreamObserver<AnnounceRequest> requests;
    volatile boolean ended;

    @Override
    public void beforeStart(ClientCallStreamObserver<AnnounceRequest> call) {
      requests = call;
    }

    boolean isReady() {
      return requests != null && requests.isReady() && !ended;
    }

    void send(AnnounceRequest message) {
      if (requests != null) {
        requests.onNext(message);
      }
    }

    void close() {
      if (requests != null && !ended) {
        requests.onCompleted();
      }
    }

    @Override
    public void onNext(AnnounceResponse unused) {}

    @Override
    public void onError(Throwable failure) {
      ended = true;
    }

    @Override
    public void onCompleted() {
      ended = true;
    }
  }
}
