package dev.cofferdam.scheduler.workers.grpc;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import dev.cofferdam.mesh.Caller;
import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.proto.scheduling.v1.AttachRequest;
import dev.cofferdam.proto.scheduling.v1.AttachResponse;
import dev.cofferdam.proto.scheduling.v1.EnqueueRequest;
import dev.cofferdam.proto.scheduling.v1.EnqueueResponse;
import dev.cofferdam.proto.scheduling.v1.Hello;
import dev.cofferdam.proto.scheduling.v1.SchedulingServiceGrpc;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.leadership.Leadership;
import dev.cofferdam.scheduler.leadership.PoolLeases;
import dev.cofferdam.scheduler.ledger.Guarantees;
import dev.cofferdam.scheduler.ledger.WorkerDescriptor;
import dev.cofferdam.scheduler.shard.PoolCore;
import dev.cofferdam.scheduler.shard.PoolEvent;
import dev.cofferdam.scheduler.shard.PoolListener;
import dev.cofferdam.scheduler.shard.PoolSettings;
import dev.cofferdam.scheduler.workers.LostUsage;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.SpiffeId;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.api.trace.Span;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The scheduling service. Each pool that a worker or a router names has a driver of its own; a
 * worker is who its certificate says it is.
 */
public final class SchedulingEndpoint extends SchedulingServiceGrpc.SchedulingServiceImplBase
    implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SchedulingEndpoint.class);
  private static final Pattern POOL = Pattern.compile("[a-z0-9-]{1,63}");
  private static final int POOLS_MAX = 64;
  private static final long CLAIM_MS = 250;

  private final PoolSettings settings;
  private final LostUsage lostUsage;
  private final PoolListener listener;
  private final Function<String, Guarantees> guarantees;
  private final LongSupplier clock;
  private final RandomGenerator random;
  private final PoolLeases leases;
  private final Leadership leadership = new Leadership(POOLS_MAX);
  private final Map<String, PoolDriver> pools = new ConcurrentHashMap<>();
  private final ScheduledExecutorService claims =
      Executors.newSingleThreadScheduledExecutor(
          task -> Thread.ofPlatform().daemon().name("pool-leases").unstarted(task));
  private final AtomicLong tickets = new AtomicLong();
  private final AtomicLong sessions = new AtomicLong();

  /**
   * @param guarantees what tenants are sure of in a pool, as of now
   * @param clock milliseconds since the epoch
   * @param random a secure one, outside tests
   * @param leases which pools are this scheduler's
   */
  public SchedulingEndpoint(
      PoolSettings settings,
      LostUsage lostUsage,
      PoolListener listener,
      Function<String, Guarantees> guarantees,
      LongSupplier clock,
      RandomGenerator random,
      PoolLeases leases) {
    this.settings = settings;
    this.lostUsage = lostUsage;
    this.listener = listener;
    this.guarantees = guarantees;
    this.clock = clock;
    this.random = random;
    this.leases = leases;
    var unused =
        claims.scheduleWithFixedDelay(
            () -> leadership.pools().forEach(this::claim), CLAIM_MS, CLAIM_MS, MILLISECONDS);
  }

  @Override
  public void enqueue(EnqueueRequest message, StreamObserver<EnqueueResponse> answers) {
    ServerCallStreamObserver<EnqueueResponse> observer =
        (ServerCallStreamObserver<EnqueueResponse>) answers;
    PoolRequest request;
    PoolDriver pool;
    try {
      request = Messages.request(message, Tracing.headers(Tracing.context()));
      pool = pool(message.getPool());
    } catch (IllegalArgumentException e) {
      throw Messages.invalid(e).asException();
    }
    long ticket = tickets.incrementAndGet();
    observer.setOnCancelHandler(() -> pool.withdraw(ticket));
    Span span = Span.fromContext(Tracing.context());
    if (!pool.enqueue(
        new PoolEvent.Enqueue(ticket, request), new PoolDriver.Caller(observer, span))) {
      listener.refused(message.getPool(), ErrorCode.QUEUE_FULL, false);
      observer.onNext(
          Messages.refused(
              Refusal.of(ErrorCode.QUEUE_FULL, "the pool's mailbox is full")
                  .withRetryAfter(java.time.Duration.ofSeconds(1)),
              false));
      observer.onCompleted();
    }
  }

  @Override
  public StreamObserver<AttachRequest> attach(StreamObserver<AttachResponse> answers) {
    ServerCallStreamObserver<AttachResponse> observer =
        (ServerCallStreamObserver<AttachResponse>) answers;
    WorkerStream stream = new WorkerStream(Caller.current(), observer);
    observer.setOnCancelHandler(() -> stream.end(false));
    observer.setOnCloseHandler(() -> stream.end(false));
    return stream;
  }

  /** What tenants are sure of may have changed. */
  public void guaranteesChanged() {
    pools.forEach((name, driver) -> driver.guarantee(guarantees.apply(name)));
  }

  /** Gives its pools to whoever asks next, and ends every call and session. */
  @Override
  public void close() {
    claims.shutdownNow();
    pools
        .keySet()
        .forEach(
            name -> {
              drop(name);
              leases.release(name);
            });
  }

  /** The process is gone as far as anybody can tell: for tests. */
  void die() {
    claims.shutdownNow();
    pools.keySet().forEach(this::drop);
  }

  /**
   * The driver of a pool that this scheduler leads.
   *
   * @throws io.grpc.StatusRuntimeException where another leads it, or nobody yet
   */
  private PoolDriver pool(String name) {
    if (!POOL.matcher(name).matches()) {
      throw new IllegalArgumentException("pool: not a name");
    }
    PoolDriver known = pools.get(name);
    if (known != null) {
      return known;
    }
    if (leadership.named(name)) {
      claim(name);
    }
    PoolDriver opened = pools.get(name);
    if (opened == null) {
      throw Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "this scheduler does not lead the pool")
          .asException();
    }
    return opened;
  }

  private void claim(String name) {
    try {
      leases
          .claim(name)
          .whenComplete(
              (claim, failure) -> {
                if (failure != null) {
                  LOG.warn("the lease of pool {} cannot be claimed: {}", name, failure.toString());
                } else {
                  claimed(name, claim);
                }
              });
    } catch (RuntimeException e) {
      LOG.warn("the lease of pool {} cannot be claimed: {}", name, e.toString());
    }
  }

  private synchronized void claimed(String name, PoolLeases.Claim claim) {
    switch (leadership.answered(name, claim)) {
      case GAINED -> open(name, leadership.term(name).orElseThrow());
      case LOST -> {
        LOG.warn("leads pool {} no more: its lease ran out, or is another's", name);
        PoolDriver driver = pools.remove(name);
        if (driver != null) {
          // Not here: it waits for the pool's thread.
          Thread.ofVirtual().start(driver::close);
        }
      }
      case NONE -> {}
    }
  }

  private void open(String name, long term) {
    if (claims.isShutdown()) {
      return;
    }
    LOG.info("leads pool {} in term {}", name, term);
    PoolDriver driver =
        new PoolDriver(name, new PoolCore(settings), lostUsage, listener, clock, random, term);
    driver.start();
    driver.guarantee(guarantees.apply(name));
    pools.put(name, driver);
  }

  private void drop(String name) {
    PoolDriver driver = pools.remove(name);
    if (driver != null) {
      driver.close();
    }
  }

  /** What a worker says. Its messages come one after the other; its end may come at any time. */
  private final class WorkerStream implements StreamObserver<AttachRequest> {
    private final Caller caller;
    private final ServerCallStreamObserver<AttachResponse> observer;
    private final long session = sessions.incrementAndGet();
    private @Nullable PoolDriver pool;
    private String workerId = "";
    private boolean ended;

    WorkerStream(Caller caller, ServerCallStreamObserver<AttachResponse> observer) {
      this.caller = caller;
      this.observer = observer;
    }

    @Override
    public synchronized void onNext(AttachRequest message) {
      if (ended) {
        return;
      }
      try {
        take(message);
      } catch (IllegalArgumentException e) {
        throw Messages.invalid(e).asException();
      }
    }

    private void take(AttachRequest message) {
      PoolDriver current = pool;
      if (current == null) {
        if (!message.hasHello()) {
          throw new IllegalArgumentException("the first message must be hello");
        }
        hello(message.getHello());
        return;
      }
      switch (message.getEventCase()) {
        case PROGRESS ->
            current.report(
                new PoolEvent.Progress(
                    workerId,
                    session,
                    message.getProgress().getRequestsList().stream()
                        .map(Messages::report)
                        .toList()));
        case ENDED ->
            current.report(
                new PoolEvent.Ended(
                    workerId, session, Messages.report(message.getEnded().getProgress())));
        case HELLO, EVENT_NOT_SET ->
            throw new IllegalArgumentException("expected progress or ended");
      }
    }

    private void hello(Hello hello) {
      boolean itself =
          caller
              .id()
              .filter(id -> id.role() == SpiffeId.Role.WORKER)
              .filter(id -> id.name().equals(hello.getWorkerId()))
              .isPresent();
      if (!itself) {
        LOG.warn("{} tried to attach as another worker", caller.actor());
        throw Refusal.of(ErrorCode.CALL_NOT_ALLOWED, "worker_id is not the certificate's")
            .asException();
      }
      WorkerDescriptor worker = Messages.worker(hello, session);
      PoolEvent.WorkerAttached attached =
          new PoolEvent.WorkerAttached(
              worker, hello.getRunningList().stream().map(Messages::running).toList());
      PoolDriver driver = pool(hello.getPool());
      workerId = worker.workerId();
      pool = driver;
      LOG.info(
          "worker {} attached to pool {} with {} running",
          workerId,
          hello.getPool(),
          hello.getRunningCount());
      driver.attach(attached, observer);
    }

    @Override
    public void onError(Throwable failure) {
      end(false);
    }

    @Override
    public void onCompleted() {
      end(true);
    }

    private synchronized void end(boolean orderly) {
      PoolDriver current = pool;
      if (!ended && current != null) {
        LOG.info("the session of worker {} ended", workerId);
        current.detach(workerId, session, orderly);
      } else if (!ended && orderly) {
        observer.onCompleted();
      }
      ended = true;
    }
  }
}
