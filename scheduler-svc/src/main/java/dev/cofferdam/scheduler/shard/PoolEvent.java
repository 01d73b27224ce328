package dev.cofferdam.scheduler.shard;

import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.ledger.Guarantees;
import dev.cofferdam.scheduler.ledger.Served;
import dev.cofferdam.scheduler.ledger.WorkerDescriptor;
import java.util.List;

/** What happens to a pool. */
public sealed interface PoolEvent {
  /**
   * A request comes.
   *
   * @param ticket the caller's handle, unique and rising; its answers carry it
   */
  record Enqueue(long ticket, PoolRequest request) implements PoolEvent {}

  /** The caller went away before it had its answer. */
  record Withdraw(long ticket) implements PoolEvent {}

  /** A worker's session begins. */
  record WorkerAttached(WorkerDescriptor worker, List<Running> running) implements PoolEvent {
    public WorkerAttached {
      running = List.copyOf(running);
    }
  }

  /** A worker tells what it served. */
  record Progress(String workerId, long session, List<Report> reports) implements PoolEvent {
    public Progress {
      reports = List.copyOf(reports);
    }
  }

  /** An attempt ended on its worker, which has said so on the bus of usage facts. */
  record Ended(String workerId, long session, Report last) implements PoolEvent {}

  /** A worker's session ended. */
  record WorkerLost(String workerId, long session) implements PoolEvent {}

  /** What tenants are sure of from now on. */
  record Guaranteed(Guarantees guarantees) implements PoolEvent {}

  /** Time went by. */
  record Tick() implements PoolEvent {}

  /** What an attempt was served so far. */
  record Report(AttemptKey key, Served served) {}

  /**
   * An attempt that runs on a worker that attaches.
   *
   * @param request as far as its grant tells
   * @param queueWaitMs how long it waited
   * @param paused whether it is preempted there
   * @param preemptions how often it was preempted
   */
  record Running(
      PoolRequest request, Served served, long queueWaitMs, boolean paused, int preemptions) {
    /** One that was never preempted. */
    public Running(PoolRequest request, Served served, long queueWaitMs) {
      this(request, served, queueWaitMs, false, 0);
    }
  }
}
