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
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
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

  /** For factors, by whoever prepares; taken before {@link #idle} where both are. Guards itself. */
  private final Upload upload;

  /** For the table, by the steps' thread, which waits for no factors of others. */
  private final Upload entries;

  /** In no slot, the last used one first. Guards itself and {@link #inSlots}. */
  private final Deque<Copied> idle = new ArrayDeque<>();

  private final List<Copied> inSlots = new ArrayList<>();

  DeviceAdapters(CudaDevice device, ModelConfig model, int adapterSlots, Owned owned) {
    this.context = device.context();
    this.model = model;
    this.count = adapterSlots;
    slots = new AdapterSlots<>(adapterSlots);
    int slotBytes = slotStride() * HostAdapter.MODULE_BYTES;
    table = owned.device((adapterSlots + 1L) * slotBytes);
    upload = owned.own(new Upload());
    entries = owned.own(new Upload(slotBytes));
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
   * Copies an adapter's factors beforehand, where they are not on the device. Any thread.
   *
   * @throws IllegalArgumentException when it is one of another model, or too large
   * @throws dev.cofferdam.worker.execution.cuda.driver.CudaException when there is no memory for it
   */
  void prepare(LoraAdapter adapter) {
    if (known(adapter)) {
      return;
    }
    HostAdapter host = new HostAdapter(adapter, model);
    context.enter();
    synchronized (upload) {
      if (!known(adapter)) {
        Copied copied = copy(adapter, host);
        synchronized (idle) {
          putBack(copied);
        }
      }
    }
  }

  private boolean known(LoraAdapter adapter) {
    synchronized (idle) {
      return Stream.concat(idle.stream(), inSlots.stream()).anyMatch(copied -> copied.of(adapter));
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
    synchronized (idle) {
      for (Iterator<Copied> all = idle.iterator(); all.hasNext(); ) {
        Copied next = all.next();
        if (next.of(adapter)) {
          all.remove();
          return next;
        }
      }
      return null;
    }
  }

  /**
   * Puts an adapter into a slot.
   *
   * @throws dev.cofferdam.worker.execution.cuda.driver.CudaException when there is no memory for it
   */
  int load(LoraAdapter adapter) {
    Copied copied = take(adapter);
    if (copied == null) {
      HostAdapter host = new HostAdapter(adapter, model);
      synchronized (upload) {
        copied = copy(adapter, host);
      }
    }
    try {
      int slot = slots.add(copied);
      synchronized (idle) {
        inSlots.add(copied);
      }
      entries.copy(copied.entries, table, (long) slot * slotStride() * HostAdapter.MODULE_BYTES);
      return slot;
    } catch (IllegalStateException e) {
      synchronized (idle) {
        putBack(copied);
      }
      throw e;
    }
  }

  /** Empties a slot; no step that uses it may be under way. */
  void unload(int slot) {
    Copied copied = Objects.requireNonNull(slots.get(slot));
    slots.remove(slot);
    synchronized (idle) {
      inSlots.remove(copied);
      putBack(copied);
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
