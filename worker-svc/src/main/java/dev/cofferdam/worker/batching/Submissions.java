package dev.cofferdam.worker.batching;

import dev.cofferdam.vocabulary.TenantId;
import java.util.Map;

/** The way into the batches, for any thread. */
public interface Submissions {

  /**
   * Hands a sequence over.
   *
   * @param model model that is to run it
   * @return whether it was taken; its listener is told of its end then
   */
  boolean submit(String model, Sequence sequence);

  /** Has a tenant's key destroyed, and with it all that is kept of it, before the next step. */
  void destroyKey(TenantId tenant);

  /** Sets what tenants are sure of from the next step on: KV bytes by tenant, for each model. */
  void guarantee(Map<TenantId, Long> bytes);

  /** Makes the step thread look again: a sequence was cancelled, resumed, or has a reader again. */
  void wake();
}
