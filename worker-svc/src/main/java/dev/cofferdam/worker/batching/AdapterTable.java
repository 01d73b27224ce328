package dev.cofferdam.worker.batching;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.execution.ModelExecutor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The adapters in the executor's slots. An adapter is known by (tenant, version): an equal one of
 * another tenant has its own slot. Those in use are pinned; of the others, the least recently used
 * one makes room.
 */
final class AdapterTable {
  private record Key(TenantId tenant, String version) {}

  private static final class Slot {
    final int index;
    int pins;

    Slot(int index) {
      this.index = index;
    }
  }

  private final ModelExecutor executor;
  private final int slots;
  private final Map<Key, Slot> resident = new LinkedHashMap<>(16, 0.75f, true);

  private List<String> versions = List.of();

  AdapterTable(ModelExecutor executor) {
    this.executor = executor;
    this.slots = executor.geometry().adapterSlots();
  }

  /**
   * Pins a sequence's adapter, and tells it the slot; of one without, or that has it, asks nothing.
   *
   * @return whether it can run; not while all slots are pinned by others
   */
  boolean acquire(Sequence sequence) {
    if (sequence.hasAdapter || sequence.request.adapter().isEmpty()) {
      return true;
    }
    LoraAdapter adapter = sequence.request.adapter().get();
    Key key = new Key(sequence.tenant(), adapter.version());
    Slot slot = resident.get(key);
    if (slot == null) {
      if (resident.size() >= slots && !evict()) {
        return false;
      }
      slot = new Slot(executor.loadAdapter(adapter));
      resident.put(key, slot);
      versions = resident.keySet().stream().map(Key::version).toList();
    }
    slot.pins++;
    sequence.adapterSlot = slot.index;
    sequence.hasAdapter = true;
    return true;
  }

  /** Unpins the adapter that a sequence has, if it has one. */
  void release(Sequence sequence) {
    if (!sequence.hasAdapter) {
      return;
    }
    LoraAdapter adapter = sequence.request.adapter().orElseThrow();
    Slot slot = resident.get(new Key(sequence.tenant(), adapter.version()));
    if (slot == null || slot.pins == 0) {
      throw new IllegalStateException("the adapter is not in use");
    }
    slot.pins--;
    sequence.hasAdapter = false;
  }

  private boolean evict() {
    for (Map.Entry<Key, Slot> entry : resident.entrySet()) {
      if (entry.getValue().pins == 0) {
        executor.unloadAdapter(entry.getValue().index);
        resident.remove(entry.getKey());
        return true;
      }
    }
    return false;
  }

  /** Versions of all adapters in memory. */
  List<String> versions() {
    return versions;
  }
}
