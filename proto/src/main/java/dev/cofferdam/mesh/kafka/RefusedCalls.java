package dev.cofferdam.mesh.kafka;

import dev.cofferdam.mesh.Caller;
import dev.cofferdam.mesh.store.Violation;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantId;
import java.time.InstantSource;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Callers that the call table refused. A tenant who calls what no tenant may call is on its way out
 * of its compartment: a CRITICAL audit fact, from a thread of its own, as servers must not wait for
 * a disk. Others are logged.
 */
public final class RefusedCalls implements BiConsumer<Caller, String> {
  private static final Logger LOG = LoggerFactory.getLogger(RefusedCalls.class);
  private static final int WAITING_MAX = 1_000;
  private static final long IDLE_S = 10;

  private final FactPublisher publisher;
  private final InstantSource clock;
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
    caller
        .id()
        .filter(id -> id.role() == SpiffeId.Role.TENANT)
        .ifPresent(id -> record(new TenantId(id.name()), caller, method));
  }

  private void record(TenantId tenant, Caller caller, String method) {
    Violation violation = new Violation(tenant, caller.actor(), caller.address(), method);
    String detail = "called " + method + ", which no tenant may call";
    try {
      thread.execute(
          () ->
              AuditedViolations.publish(
                  publisher, clock, violation, ErrorCode.CALL_NOT_ALLOWED, detail));
    } catch (RejectedExecutionException e) {
      LOG.error("a refused call of {} could not be put on the audit log", tenant.value());
    }
  }
}
