package dev.cofferdam.scheduler.workers.grpc;

import com.google.protobuf.ByteString;
import dev.cofferdam.proto.scheduling.v1.AttachResponse;
import dev.cofferdam.proto.scheduling.v1.EnqueueResponse;
import dev.cofferdam.proto.scheduling.v1.Grant;
import dev.cofferdam.proto.scheduling.v1.Granted;
import dev.cofferdam.proto.scheduling.v1.Queued;
import dev.cofferdam.proto.scheduling.v1.SessionKey;
import dev.cofferdam.scheduler.ledger.Guarantees;
import dev.cofferdam.scheduler.shard.PoolCore;
import dev.cofferdam.scheduler.shard.PoolEffect;
import dev.cofferdam.scheduler.shard.PoolEvent;
import dev.cofferdam.scheduler.shard.PoolListener;
import dev.cofferdam.scheduler.shard.PoolStats;
import dev.cofferdam.scheduler.workers.LostUsage;
import dev.cofferdam.scheduler.workers.SessionKeys;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.wire.GrantSeal;
import dev.cofferdam.wire.Statuses;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drives one pool: a mailbox, and the one thread that feeds its core and does what the core wants.
 * Everything but the mailbox belongs to that thread, the callers' observers included.
 */
final class PoolDriver implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PoolDriver.class);
  private static final int MAILBOX_MAX = 16_384;
  private static final int BATCH_MAX = 256;
  private static final long TICK_MS = 50;
  private static final long TENANTS_MS = 1_000;
  private static final long KEY_LIFE_MS = TimeUnit.MINUTES.toMillis(10);
  private static final long KEY_LEAD_MS = 2_000;
  private static final AttributeKey<Long> WAIT_MS = AttributeKey.longKey("cofferdam.queue.wait_ms");
  private static final AttributeKey<Long> POSITION =
      AttributeKey.longKey("cofferdam.queue.position");
  private static final AttributeKey<String> WORKER = AttributeKey.stringKey("cofferdam.worker");
  private static final AttributeKey<String> CODE = AttributeKey.stringKey("cofferdam.code");

  private final String pool;
  private final PoolCore core;
  private final LostUsage lostUsage;
  private final PoolListener listener;
  private final LongSupplier clock;
  private final RandomGenerator random;
  private final long term;
  private final BlockingQueue<Runnable> mailbox = new ArrayBlockingQueue<>(MAILBOX_MAX);
  private final Map<Long, Caller> callers = new HashMap<>();
  private final Map<Long, Session> sessions = new HashMap<>();
  private final Thread thread;
  private Guarantees guarantees = Guarantees.NONE;
  private volatile boolean closed;
  private long nowMs;
  private long tickAtMs;
  private long tenantsAtMs;

  /**
   * A router's call that waits for its answer.
   *
   * @param observer where the answer goes
   * @param span the call's span
   */
  record Caller(ServerCallStreamObserver<EnqueueResponse> observer, Span span) {}

  /** A worker's session. */
  private record Session(
      String workerId, ServerCallStreamObserver<AttachResponse> observer, SessionKeys keys) {}

  /**
   * @param clock milliseconds since the epoch
   * @param random a secure one, outside tests
   * @param term fencing term of this scheduler
   */
  PoolDriver(
      String pool,
      PoolCore core,
      LostUsage lostUsage,
      PoolListener listener,
      LongSupplier clock,
      RandomGenerator random,
      long term) {
    this.pool = pool;
    this.core = core;
    this.lostUsage = lostUsage;
    this.listener = listener;
    this.clock = clock;
    this.random = random;
    this.term = term;
    this.nowMs = clock.getAsLong();
    this.thread = Thread.ofPlatform().daemon().name("pool-" + pool).unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /**
   * Takes a call; false where the mailbox is full, and the call is still its caller's to answer.
   */
  boolean enqueue(PoolEvent.Enqueue event, Caller caller) {
    return mailbox.offer(
        () -> {
          callers.put(event.ticket(), caller);
          step(event);
        });
  }

  /** The caller of a ticket went away. */
  void withdraw(long ticket) {
    post(
        () -> {
          callers.remove(ticket);
          step(new PoolEvent.Withdraw(ticket));
        });
  }

  /** A worker's session begins; its first key goes out before anything else. */
  void attach(PoolEvent.WorkerAttached event, ServerCallStreamObserver<AttachResponse> observer) {
    post(
        () -> {
          SessionKeys keys = new SessionKeys(random, KEY_LIFE_MS, KEY_LEAD_MS, nowMs);
          Session session = new Session(event.worker().workerId(), observer, keys);
          sessions.put(event.worker().session(), session);
          announce(session, keys.signing(nowMs));
          session.observer.onNext(Messages.guarantees(guarantees));
          step(event);
        });
  }

  /**
   * What tenants are sure of may have changed; workers are told before anything is leased by it.
   */
  void guarantee(Guarantees next) {
    post(
        () -> {
          if (!next.equals(guarantees)) {
            guarantees = next;
            AttachResponse message = Messages.guarantees(next);
            sessions.values().forEach(s -> tell(() -> s.observer.onNext(message)));
            step(new PoolEvent.Guaranteed(next));
          }
        });
  }

  /** Something was reported by a worker. */
  void report(PoolEvent event) {
    post(() -> step(event));
  }

  /**
   * A worker's session is over.
   *
   * @param orderly whether the worker said so and waits for the end of the call
   */
  void detach(String workerId, long session, boolean orderly) {
    post(
        () -> {
          Session over = sessions.remove(session);
          step(new PoolEvent.WorkerLost(workerId, session));
          if (orderly && over != null) {
            tell(over.observer::onCompleted);
          }
        });
  }

  /** Ends the thread, then every call: callers ask the next scheduler, workers attach to it. */
  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      thread.join(2_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    StatusRuntimeException ended =
        Statuses.toStatus(
            Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "this scheduler is stopping"));
    callers.values().forEach(caller -> tell(() -> caller.observer.onError(ended)));
    sessions.values().forEach(session -> tell(() -> session.observer.onError(ended)));
    listener.stats(pool, PoolStats.EMPTY);
    listener.tenants(pool, List.of(), Map.of());
  }

  /** Waits for room: what workers report and callers withdraw is never dropped. */
  private void post(Runnable task) {
    try {
      while (!closed && !mailbox.offer(task, TICK_MS, TimeUnit.MILLISECONDS)) {
        // The thread is behind; whoever reports waits with it.
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    List<Runnable> batch = new ArrayList<>(BATCH_MAX);
    while (!closed) {
      try {
        Runnable first = mailbox.poll(TICK_MS, TimeUnit.MILLISECONDS);
        if (first != null) {
          batch.add(first);
          mailbox.drainTo(batch, BATCH_MAX - 1);
        }
      } catch (InterruptedException e) {
        return;
      }
      nowMs = Math.max(nowMs, clock.getAsLong());
      batch.forEach(this::guarded);
      batch.clear();
      if (nowMs >= tickAtMs) {
        tickAtMs = nowMs + TICK_MS;
        guarded(this::tick);
      }
    }
  }

  private void guarded(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      LOG.error("pool {}: an event failed", pool, e);
    }
  }

  /** Tells a peer; one whose call has just ended is told nothing, its end is in the mailbox. */
  private void tell(Runnable message) {
    try {
      message.run();
    } catch (IllegalStateException e) {
      LOG.debug("pool {}: a peer is gone: {}", pool, e.getMessage());
    }
  }

  private void tick() {
    step(new PoolEvent.Tick());
    for (Session session : sessions.values()) {
      session.keys.rotate(nowMs).ifPresent(key -> announce(session, key));
    }
    lostUsage.retry();
    listener.stats(pool, core.stats());
    if (nowMs >= tenantsAtMs) {
      tenantsAtMs = nowMs + TENANTS_MS;
      listener.tenants(pool, core.tenants(), core.serviceTimes());
    }
  }

  private void step(PoolEvent event) {
    for (PoolEffect effect : core.step(event, nowMs)) {
      // One by one: a peer that is gone must not cost the others their answers.
      guarded(() -> tell(() -> perform(effect)));
    }
  }

  private void perform(PoolEffect effect) {
    switch (effect) {
      case PoolEffect.Queued e -> queued(e);
      case PoolEffect.Granted e -> granted(e);
      case PoolEffect.Refused e -> refused(e);
      case PoolEffect.Revoke e -> tellWorker(e.session(), Messages.revoke(e));
      case PoolEffect.Preempt e -> preempt(e);
      case PoolEffect.Resume e -> tellWorker(e.session(), Messages.resume(e));
      case PoolEffect.SessionClosed e -> closeSession(e);
      case PoolEffect.AttemptLost e -> lost(e);
    }
  }

  private void lost(PoolEffect.AttemptLost e) {
    LOG.info(
        "pool {}: worker {} lost attempt {} after {} output tokens",
        pool,
        e.workerId(),
        e.request().key(),
        e.outputTokens());
    lostUsage.state(pool, e);
    listener.attemptLost(pool);
  }

  private void queued(PoolEffect.Queued e) {
    Caller caller = callers.get(e.ticket());
    // A position that a slow caller cannot take is not worth keeping: the next one tells more.
    if (caller != null && caller.observer.isReady()) {
      caller.span.addEvent("queued", Attributes.of(POSITION, (long) e.position()));
      caller.observer.onNext(
          EnqueueResponse.newBuilder()
              .setQueued(
                  Queued.newBuilder()
                      .setPosition(e.position())
                      .setExpectedWaitMs(e.expectedWaitMs()))
              .build());
    }
  }

  private void granted(PoolEffect.Granted e) {
    Caller caller = callers.remove(e.ticket());
    Session session = sessions.get(e.worker().session());
    if (caller == null || session == null) {
      return;
    }
    SessionKeys.Key key = session.keys.signing(nowMs);
    Grant grant = GrantSeal.seal(Messages.claims(e, term), key.id(), key.bytes());
    caller.span.setAttribute(WAIT_MS, e.queueWaitMs());
    caller.span.setAttribute(WORKER, e.worker().workerId());
    caller.observer.onNext(
        EnqueueResponse.newBuilder()
            .setGranted(
                Granted.newBuilder()
                    .setGrant(grant)
                    .setWorkerId(e.worker().workerId())
                    .setEndpoint(e.worker().endpoint())
                    .setAdapterVersion(e.request().adapterVersion())
                    .setPool(pool)
                    .setQueueWaitMs(e.queueWaitMs()))
            .build());
    caller.observer.onCompleted();
    listener.granted(pool, e.request().workloadClass(), e.request().tier(), e.queueWaitMs());
  }

  private void refused(PoolEffect.Refused e) {
    listener.refused(pool, e.refusal().code(), e.wasAdmitted());
    Caller caller = callers.remove(e.ticket());
    if (caller == null) {
      return;
    }
    caller.span.setAttribute(CODE, e.refusal().code().wireName());
    caller.observer.onNext(Messages.refused(e.refusal(), e.wasAdmitted()));
    caller.observer.onCompleted();
  }

  private void preempt(PoolEffect.Preempt e) {
    listener.preempted(pool, e.request().workloadClass(), e.causedBy());
    tellWorker(e.session(), Messages.preempt(e));
  }

  private void tellWorker(long sessionId, AttachResponse message) {
    Session session = sessions.get(sessionId);
    if (session != null) {
      session.observer.onNext(message);
    }
  }

  private void closeSession(PoolEffect.SessionClosed e) {
    Session session = sessions.remove(e.session());
    if (session != null) {
      session.observer.onError(
          Statuses.toStatus(
              Refusal.of(ErrorCode.CANCELLED, "another session of this worker is in force")));
    }
  }

  private void announce(Session session, SessionKeys.Key key) {
    session.observer.onNext(
        AttachResponse.newBuilder()
            .setSessionKey(
                SessionKey.newBuilder()
                    .setKeyId(key.id())
                    .setKey(ByteString.copyFrom(key.bytes()))
                    .setExpiresEpochMs(key.expiresMs())
                    .setTerm(term))
            .build());
  }
}
