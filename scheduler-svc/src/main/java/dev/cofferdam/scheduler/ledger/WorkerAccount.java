package dev.cofferdam.scheduler.ledger;

import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.admission.PoolRequest;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** A worker and what is taken of it. */
final class WorkerAccount {
  final WorkerDescriptor descriptor;
  final int ordinal;
  final Map<AttemptKey, Lease> leases = new LinkedHashMap<>();
  final Map<String, Integer> adapters = new HashMap<>();
  final Map<String, KvAccount> kv = new HashMap<>();
  int running;

  WorkerAccount(WorkerDescriptor descriptor, int ordinal, Guarantees guarantees) {
    this.descriptor = descriptor;
    this.ordinal = ordinal;
    for (String model : descriptor.models()) {
      kv.put(model, new KvAccount(descriptor.pool(model), guarantees));
    }
  }

  /** Of a model that runs here though the worker does not name it: adopted as it is. */
  KvAccount kv(String model) {
    return kv.computeIfAbsent(
        model, unused -> new KvAccount(descriptor.pool(model), Guarantees.NONE));
  }

  int slotsFree() {
    return descriptor.slots() - running;
  }

  boolean serves(PoolRequest request) {
    return descriptor.models().contains(request.model());
  }

  boolean canEverFit(PoolRequest request) {
    int blocks = request.kvBlocks(descriptor.blockTokens());
    return blocks <= kv(request.model()).most(request.tenant().value())
        && (request.adapter().isEmpty() || descriptor.adapterSlots() > 0)
        && (request.kvBytesMax() == 0 || descriptor.kvBytes(request) <= request.kvBytesMax());
  }

  boolean fitsNow(PoolRequest request) {
    return slotsFree() > 0
        && request.kvBlocks(descriptor.blockTokens())
            <= kv(request.model()).free(request.tenant().value())
        && (request.adapter().isEmpty()
            || adapters.containsKey(request.adapterSlot())
            || adapters.size() < descriptor.adapterSlots());
  }

  /** Returns 1 where this took the last free slot, else 0. */
  int run(Lease lease) {
    running++;
    kv(lease.request().model()).take(lease);
    return slotsFree() == 0 ? 1 : 0;
  }

  /** Returns 1 where this freed the first slot, else 0. */
  int stop(Lease lease) {
    running--;
    kv(lease.request().model()).free(lease);
    return slotsFree() == 1 ? 1 : 0;
  }

  void take(Lease lease) {
    leases.put(lease.key(), lease);
    if (!lease.request().adapter().isEmpty()) {
      adapters.merge(lease.request().adapterSlot(), 1, Integer::sum);
    }
  }

  void free(Lease lease) {
    leases.remove(lease.key());
    if (!lease.request().adapter().isEmpty()) {
      adapters.computeIfPresent(
          lease.request().adapterSlot(), (slot, uses) -> uses > 1 ? uses - 1 : null);
    }
  }
}
