package dev.cofferdam.mesh.kafka;

import dev.cofferdam.mesh.Caller;
import dev.cofferdam.mesh.store.Violation;
import dev.cofferdam.vocabulary.ErrorCode;
import java.time.InstantSource;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Callers that were refused for who they are. Whoever shows a certificate and calls what it may
 * not, a tenant above all, is on its way out of its compartment: a CRITICAL audit fact, from a
 * thread of its own, as servers must not wait for a disk; at most {@link #PER_SECOND_MAX} a second,
 * and the next says how many were left out. Callers without a certificate are logged.
 */
public final class RefusedCalls implements BiConsumer<Caller, String> {
  /** Largest number of facts in a second. */
  public static final int PER_SECOND_MAX = 50;

  private static final Logger LOG = LoggerFactory.getLogger(RefusedCalls.class);
  private static final int WAITING_MAX = 1_000;
  private static final long IDLE_S = 10;

  private final FactPublisher publisher;
  private final InstantSource clock;
  private final RecordPace pace = new RecordPace(PER_SECOND_MAX);
  private final ThreadPoolExecutor thread =
      new ThreadPoolExecutor(
          1,
          1,
          IDLE_S,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(WAITING_MAX),
          task -> Thread.ofPlatform().daemon().name("refused-calls").unstarted(task));

  /**
   * @param publisher stays the caller's
   */
  public RefusedCalls(FactPublisher publisher, InstantSource clock) {
    this.publisher = publisher;
    this.clock = clock;
    thread.allowCoreThreadTimeOut(true);
  }

  @Override
  public void accept(Caller caller, String method) {
    LOG.warn("refused {} from {} {}", method, caller.actor(), caller.address());
    if (caller.id().isPresent()) {
      record(Violation.of(caller, method));
    }
  }

  private void record(Violation violation) {
    long before = pace.admit(clock.millis());
    if (before < 0) {
      return;
    }
    String detail = "called " + violation.method() + ", which it may not";
    try {
      thread.execute(
          () ->
              AuditedViolations.publish(
                  publisher,
                  clock,
                  violation,
                  ErrorCode.CALL_NOT_ALLOWED,
                  RecordPace.told(detail, before)));
    } catch (RejectedExecutionException e) {
      LOG.error("a refused call of {} could not be put on the audit log", violation.actor());
    }
  }
}
