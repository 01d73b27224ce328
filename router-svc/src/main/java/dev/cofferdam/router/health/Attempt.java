package dev.cofferdam.router.health;

import dev.cofferdam.vocabulary.TenantId;
import java.util.OptionalDouble;

/**
 * How an attempt on a worker ended.
 *
 * @param tenant the tenant
 * @param model model id
 * @param adapter adapter name, empty for the base model
 * @param adapterVersion adapter version, empty for the base model
 * @param pool the pool
 * @param workerId the worker
 * @param outcome how it ended
 * @param queueWaitMs milliseconds in the scheduler's queue
 * @param prefillMs milliseconds from the grant's acceptance to the first token
 * @param tokenMs mean milliseconds from one output token to the next; empty where that tells
 *     nothing of the worker: of a few tokens, or of a request that was preempted
 */
public record Attempt(
    TenantId tenant,
    String model,
    String adapter,
    String adapterVersion,
    String pool,
    String workerId,
    Outcome outcome,
    long queueWaitMs,
    long prefillMs,
    OptionalDouble tokenMs) {

  /** How an attempt ended. */
  public enum Outcome {
    /** To its end. */
    COMPLETED,
    /** By its client; says nothing about the mesh. */
    CANCELLED,
    /** By an error, or with its worker. */
    FAILED
  }

  /** Whether it failed. */
  public boolean failed() {
    return outcome == Outcome.FAILED;
  }
}
