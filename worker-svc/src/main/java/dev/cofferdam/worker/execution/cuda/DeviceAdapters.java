package dev.cofferdam.worker.execution.cuda;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.LoraTarget;
import dev.cofferdam.worker.adapter.PeftAdapterReader;
import dev.cofferdam.worker.execution.AdapterSlots;
import dev.cofferdam.worker.execution.cuda.driver.Context;
import dev.cofferdam.worker.execution.cuda.driver.DeviceMemory;
import dev.cofferdam.worker.model.ModelConfig;
import java.lang.foreign.MemorySegment;
import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The adapters on the device: their factors, and a table of where they lie, by slot, layer and
 * target, which the kernels read. Factors are copied by whoever {@link #prepare}s an adapter,
 * beside the steps; as many as there are slots stay on the device without being in one, the last
 * used ones.
 */
final class DeviceAdapters implements AutoCloseable {
  /** Largest rank. */
  static final int RANK_MAX = PeftAdapterReader.RANK_MAX;

  /** An adapter's factors on the device, and what the table says of them. */
  private record Copied(
      WeakReference<LoraAdapter> adapter, DeviceMemory factors, MemorySegment entries) {
    boolean of(LoraAdapter other) {
      return adapter.refersTo(other);
    }
  }

  private final Context context;
  private final ModelConfig model;
  private final AdapterSlots<Copied> slots;
  private final int count;
  private final DeviceMemory table;
  private final Upload upload;

  /** In no slot, the last used one first. Guarded by itself, as {@link #upload} is. */
  private final Deque<Copied> idle = new ArrayDeque<>();

  DeviceAdapters(CudaDevice device, ModelConfig model, int adapterSlots, Owned owned) {
    this.context = device.context();
    this.model = model;
    this.count = adapterSlots;
    slots = new AdapterSlots<>(adapterSlots);
    table = owned.device((adapterSlots + 1L) * slotStride() * HostAdapter.MODULE_BYTES);
    upload = owned.own(new Upload());
  }

  /** Entries of a slot. */
  int slotStride() {
    return LoraTarget.values().length * model.layers();
  }

  /** Where the table is. */
  long modules() {
    return table.address();
  }

  /** Whether a sequence may name this slot. */
  boolean usable(int slot) {
    return slots.usable(slot);
  }

  /**
   * Copies an adapter's factors beforehand. Any thread.
   *
   * @throws IllegalArgumentException when it is one of another model, or too large
   * @throws dev.cofferdam.worker.execution.cuda.driver.CudaException when there is no memory for it
   */
  void prepare(LoraAdapter adapter) {
    synchronized (idle) {
      if (idle.stream().anyMatch(copied -> copied.of(adapter))) {
        return;
      }
    }
    HostAdapter host = new HostAdapter(adapter, model);
    context.enter();
    synchronized (idle) {
      putBack(copy(adapter, host));
    }
  }

  private Copied copy(LoraAdapter adapter, HostAdapter host) {
    DeviceMemory factors = context.allocate(host.bytes());
    try {
      upload.copy(host.factors(), factors, 0);
    } catch (RuntimeException e) {
      factors.close();
      throw e;
    }
    return new Copied(new WeakReference<>(adapter), factors, host.table(factors.address()));
  }

  /** Keeps what is in no slot, and lets go of what nobody has, and of the least used. */
  private void putBack(Copied copied) {
    idle.addFirst(copied);
    int kept = 0;
    for (Iterator<Copied> all = idle.iterator(); all.hasNext(); ) {
      Copied next = all.next();
      if (next.adapter.get() == null || ++kept > count) {
        all.remove();
        next.factors.close();
      }
    }
  }

  private @Nullable Copied take(LoraAdapter adapter) {
    for (Iterator<Copied> all = idle.iterator(); all.hasNext(); ) {
      Copied next = all.next();
      if (next.of(adapter)) {
        all.remove();
        return next;
      }
    }
    return null;
  }

  /**
   * Puts an adapter into a slot.
   *
   * @throws dev.cofferdam.worker.execution.cuda.driver.CudaException when there is no memory for it
   */
  int load(LoraAdapter adapter) {
    synchronized (idle) {
      Copied taken = take(adapter);
      Copied copied = taken != null ? taken : copy(adapter, new HostAdapter(adapter, model));
      try {
        int slot = slots.add(copied);
        upload.copy(copied.entries, table, (long) slot * slotStride() * HostAdapter.MODULE_BYTES);
        return slot;
      } catch (IllegalStateException e) {
        putBack(copied);
        throw e;
      }
    }
  }

  /** Empties a slot; no step that uses it may be under way. */
  void unload(int slot) {
    Copied copied = slots.get(slot);
    slots.remove(slot);
    synchronized (idle) {
      putBack(Objects.requireNonNull(copied));
    }
  }

  @Override
  public void close() {
    for (int slot = 1; slot <= count; slot++) {
      Copied copied = slots.get(slot);
      if (copied != null) {
        idle.add(copied);
      }
    }
    RuntimeException failed = null;
    for (Copied copied : idle) {
      try {
        copied.factors.close();
      } catch (RuntimeException e) {
        failed = e;
      }
    }
    idle.clear();
    if (failed != null) {
      throw failed;
    }
  }
}
