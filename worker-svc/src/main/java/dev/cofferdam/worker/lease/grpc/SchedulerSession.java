package dev.cofferdam.worker.lease.grpc;

import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.proto.scheduling.v1.AttachRequest;
import dev.cofferdam.proto.scheduling.v1.AttachResponse;
import dev.cofferdam.proto.scheduling.v1.Ended;
import dev.cofferdam.proto.scheduling.v1.Hello;
import dev.cofferdam.proto.scheduling.v1.KvPool;
import dev.cofferdam.proto.scheduling.v1.Progress;
import dev.cofferdam.proto.scheduling.v1.Revoke;
import dev.cofferdam.proto.scheduling.v1.RunningRequest;
import dev.cofferdam.proto.scheduling.v1.SchedulingServiceGrpc;
import dev.cofferdam.proto.scheduling.v1.SessionKey;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.batching.EndCause;
import dev.cofferdam.worker.batching.SequenceId;
import dev.cofferdam.worker.batching.SequenceProgress;
import dev.cofferdam.worker.batching.SequenceUsage;
import dev.cofferdam.worker.lease.Lease;
import dev.cofferdam.worker.lease.LeaseEvents;
import dev.cofferdam.worker.lease.LeaseOrders;
import dev.cofferdam.worker.lease.SchedulerTurns;
import dev.cofferdam.worker.lease.SessionKeys;
import dev.cofferdam.worker.lease.WorkerProfile;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The worker's session with its scheduler: leases and progress go up, keys and orders come down. It
 * is opened again whenever it ends, at the endpoints in turn, and begins with what runs; so a
 * scheduler that took over knows every lease. All state is its own thread's.
 */
public final class SchedulerSession implements LeaseEvents, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SchedulerSession.class);
  private static final long ANSWER_MS_MAX = 3_000;

  private static final class Running {
    final Lease lease;
    @Nullable SequenceUsage usage;
    boolean paused;
    int preemptions;

    Running(Lease lease) {
      this.lease = lease;
    }
  }

  /** What the worker offers, and who takes orders. */
  private record Terms(WorkerProfile profile, LeaseOrders orders) {}

  private final MeshChannels channels;
  private final List<String> endpoints;
  private final SessionKeys keys;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          task -> Thread.ofPlatform().daemon().name("scheduler-session").unstarted(task));
  private final Map<SequenceId, Running> running = new LinkedHashMap<>();
  private final SchedulerTurns turns;
  private final AtomicBoolean progressPending = new AtomicBoolean();
  private volatile boolean attached;
  private @Nullable Session session;
  private @Nullable Terms terms;
  private long highestTerm;

  /**
   * @param endpoints host:port of the schedulers, tried in turn
   * @param keys receives the session keys
   */
  public SchedulerSession(MeshChannels channels, List<String> endpoints, SessionKeys keys) {
    this.channels = channels;
    this.endpoints = List.copyOf(endpoints);
    this.turns = new SchedulerTurns(endpoints.size());
    this.keys = keys;
  }

  /**
   * Begins to attach.
   *
   * @param profile what the worker offers
   * @param orders told of revocations, preemptions and drains
   */
  public void start(WorkerProfile profile, LeaseOrders orders) {
    run(
        () -> {
          terms = new Terms(profile, orders);
          attach();
        });
  }

  /** Whether a scheduler has answered in the current session. */
  public boolean attached() {
    return attached;
  }

  @Override
  public void accepted(Lease lease) {
    run(() -> running.put(lease.id(), new Running(lease)));
  }

  @Override
  public void progress(List<SequenceProgress> progress, int kvBlocksFree) {
    // The figures are cumulated: one that is left out here is told by the next, or by its end.
    if (progressPending.compareAndSet(false, true)) {
      run(
          () -> {
            progressPending.set(false);
            sendProgress(progress, kvBlocksFree);
          });
    }
  }

  @Override
  public void ended(SequenceId id, EndCause.Outcome outcome, SequenceUsage usage) {
    run(
        () -> {
          running.remove(id);
          send(
              AttachRequest.newBuilder()
                  .setEnded(
                      Ended.newBuilder()
                          .setProgress(LeaseCodec.progress(id, usage))
                          .setOutcome(outcome.name().toLowerCase(Locale.ROOT)))
                  .build());
        });
  }

  private void run(Runnable task) {
    try {
      thread.execute(
          () -> {
            try {
              task.run();
            } catch (RuntimeException e) {
              LOG.error("the scheduler's session failed: {}", e.getClass().getName());
              lost(session);
            }
          });
    } catch (RejectedExecutionException e) {
      LOG.debug("the scheduler's session is closed");
    }
  }

  private void later(Runnable task, long ms) {
    try {
      var unused = thread.schedule(() -> run(task), ms, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      LOG.debug("the scheduler's session is closed");
    }
  }

  private void sendProgress(List<SequenceProgress> progress, int kvBlocksFree) {
    Progress.Builder message = Progress.newBuilder().setKvBlocksFree(kvBlocksFree);
    for (SequenceProgress one : progress) {
      Running known = running.get(one.id());
      if (known != null) {
        known.usage = one.usage();
        message.addRequests(LeaseCodec.progress(one.id(), one.usage()));
      }
    }
    if (message.getRequestsCount() > 0) {
      send(AttachRequest.newBuilder().setProgress(message).build());
    }
  }

  private void send(AttachRequest message) {
    Session current = session;
    if (current != null) {
      current.send(message);
    }
  }

  private void attach() {
    Terms offered = terms;
    if (session != null || offered == null || thread.isShutdown()) {
      return;
    }
    String endpoint = endpoints.get(turns.next());
    Session opened = new Session(endpoint);
    session = opened;
    keys.clear();
    ManagedChannel channel = channels.to(endpoint, SpiffeId.Role.SCHEDULER);
    channel.resetConnectBackoff();
    Context.ROOT.run(() -> SchedulingServiceGrpc.newStub(channel).attach(opened));
    opened.send(AttachRequest.newBuilder().setHello(hello(offered.profile)).build());
    later(() -> unanswered(opened), ANSWER_MS_MAX);
  }

  /** A host that is gone without a word must not keep the worker from the others. */
  private void unanswered(Session opened) {
    if (!attached) {
      lost(opened);
    }
  }

  private Hello hello(WorkerProfile profile) {
    Hello.Builder hello =
        Hello.newBuilder()
            .setWorkerId(profile.workerId())
            .setIncarnation(profile.incarnation())
            .setPool(profile.pool())
            .setEndpoint(profile.endpoint())
            .setSlots(profile.slots())
            .setKvBlocks(profile.models().getFirst().kvBlocks())
            .setBlockTokens(profile.blockTokens())
            .setBlockBytes(profile.models().getFirst().blockBytes())
            .setAdapterSlots(profile.adapterSlots());
    for (WorkerProfile.Model model : profile.models()) {
      hello.addModels(model.id());
      hello.addPools(
          KvPool.newBuilder()
              .setModel(model.id())
              .setKvBlocks(model.kvBlocks())
              .setBlockBytes(model.blockBytes()));
    }
    for (Running one : running.values()) {
      RunningRequest.Builder request =
          RunningRequest.newBuilder()
              .setClaims(LeaseCodec.claims(one.lease))
              .setPaused(one.paused)
              .setPreemptions(one.preemptions);
      if (one.usage != null) {
        request.setProgress(LeaseCodec.progress(one.lease.id(), one.usage));
      }
      hello.addRunning(request);
    }
    return hello.build();
  }

  private void lost(@Nullable Session ended) {
    if (ended == null || session != ended) {
      return;
    }
    session = null;
    attached = false;
    ended.abandon();
    later(this::attach, turns.failed(ThreadLocalRandom.current()));
  }

  private void received(Session from, AttachResponse message) {
    Terms offered = terms;
    if (session != from || offered == null) {
      return;
    }
    LeaseOrders orders = offered.orders;
    switch (message.getEventCase()) {
      case SESSION_KEY -> keyReceived(from, message.getSessionKey());
      case REVOKE -> {
        Revoke revoke = message.getRevoke();
        id(revoke.getRequestId(), revoke.getAttempt(), id -> orders.revoke(id, code(revoke)));
      }
      case PREEMPT ->
          id(
              message.getPreempt().getRequestId(),
              message.getPreempt().getAttempt(),
              id -> preempt(id, new TenantId(message.getPreempt().getCausedByTenant()), orders));
      case RESUME ->
          id(
              message.getResume().getRequestId(),
              message.getResume().getAttempt(),
              id -> resume(id, orders));
      case DRAIN -> orders.drain();
      case GUARANTEES -> orders.guarantee(LeaseCodec.guarantees(message.getGuarantees()));
      default -> LOG.warn("the scheduler sent an event that this worker does not know");
    }
  }

  private void preempt(SequenceId id, TenantId causedBy, LeaseOrders orders) {
    Running one = running.get(id);
    if (one != null) {
      one.paused = true;
      one.preemptions++;
    }
    orders.preempt(id, causedBy);
  }

  private void resume(SequenceId id, LeaseOrders orders) {
    Running one = running.get(id);
    if (one != null) {
      one.paused = false;
    }
    orders.resume(id);
  }

  private void keyReceived(Session from, SessionKey key) {
    if (key.getTerm() < highestTerm) {
      LOG.warn("the scheduler at {} is of a term that is over", from.endpoint);
      lost(from);
      return;
    }
    highestTerm = key.getTerm();
    keys.add(
        key.getKeyId(),
        key.getKey().toByteArray(),
        key.getExpiresEpochMs(),
        System.currentTimeMillis());
    turns.answered();
    if (!attached) {
      attached = true;
      LOG.info("attached to the scheduler, term {}", key.getTerm());
    }
  }

  private static ErrorCode code(Revoke revoke) {
    return ErrorCode.ofWireName(revoke.getCode().toLowerCase(Locale.ROOT))
        .orElse(ErrorCode.NO_CAPACITY);
  }

  private static void id(
      String request, int attempt, java.util.function.Consumer<SequenceId> order) {
    try {
      order.accept(new SequenceId(new RequestId(request), attempt));
    } catch (IllegalArgumentException e) {
      LOG.warn("the scheduler named a request that has no form");
    }
  }

  @Override
  public void close() {
    run(
        () -> {
          Session current = session;
          session = null;
          attached = false;
          if (current != null) {
            current.complete();
          }
        });
    thread.shutdown();
  }

  /** One stream. */
  private final class Session implements ClientResponseObserver<AttachRequest, AttachResponse> {
    private final String endpoint;
    private @Nullable ClientCallStreamObserver<AttachRequest> requests;

    Session(String endpoint) {
      this.endpoint = endpoint;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<AttachRequest> stream) {
      requests = stream;
    }

    void send(AttachRequest message) {
      if (requests != null) {
        requests.onNext(message);
      }
    }

    void abandon() {
      if (requests != null) {
        requests.cancel("abandoned", null);
      }
    }

    void complete() {
      if (requests != null) {
        requests.onCompleted();
      }
    }

    @Override
    public void onNext(AttachResponse message) {
      run(() -> received(this, message));
    }

    @Override
    public void onError(Throwable failure) {
      run(
          () -> {
            if (session == this && attached) {
              LOG.warn(
                  "lost the scheduler at {}: {}",
                  endpoint,
                  Status.fromThrowable(failure).getCode());
            }
            lost(this);
          });
    }

    @Override
    public void onCompleted() {
      run(() -> lost(this));
    }
  }
}
