package dev.cofferdam.worker.batching;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.execution.ModelExecutor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The adapters in the executor's slots. An adapter is known by (tenant, version): an equal one of
 * another tenant has its own slot. Those in use are pinned; of the others, the least recently used
 * one makes room.
 */
final class AdapterTable {
  /** No slot is free and none can be made. */
  static final int NONE = -1;

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

  AdapterTable(ModelExecutor executor) {
    this.executor = executor;
    this.slots = executor.geometry().adapterSlots();
  }

  /** Pins an adapter and returns its slot; {@link #NONE} while all slots are pinned by others. */
  int acquire(TenantId tenant, LoraAdapter adapter) {
    Key key = new Key(tenant, adapter.version());
    Slot slot = resident.get(key);
    if (slot == null) {
      if (resident.size() >= slots && !evict()) {
        return NONE;
      }
      slot = new Slot(executor.loadAdapter(adapter));
      resident.put(key, slot);
    }
    slot.pins++;
    return slot.index;
  }

  /** Unpins an adapter. */
  void release(TenantId tenant, LoraAdapter adapter) {
    Slot slot = resident.get(new Key(tenant, adapter.version()));
    if (slot == null || slot.pins == 0) {
      throw new IllegalStateException("the adapter is not in use");
    }
    slot.pins--;
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
    List<String> versions = new ArrayList<>(resident.size());
    resident.keySet().forEach(key -> versions.add(key.version()));
    return versions;
  }
}
