package dev.cofferdam.worker.lease;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.batching.SequenceId;
import java.util.Map;

/** What the scheduler orders. Orders for what does not run here are ignored. */
public interface LeaseOrders {

  /** Ends an attempt; its caller is told the code. */
  void revoke(SequenceId id, ErrorCode code);

  /**
   * Serves an attempt no more, keeps its state.
   *
   * @param causedBy whose request takes its place
   */
  void preempt(SequenceId id, TenantId causedBy);

  /** Serves it again. */
  void resume(SequenceId id);

  /** Sets what tenants are sure of from now on: KV bytes by tenant, for each model. */
  void guarantee(Map<TenantId, Long> bytes);

  /** Takes no new requests from now on. */
  void drain();
}
