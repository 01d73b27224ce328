package dev.cofferdam.worker.execution.cuda;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.LoraTarget;
import dev.cofferdam.worker.adapter.PeftAdapterReader;
import dev.cofferdam.worker.execution.AdapterSlots;
import dev.cofferdam.worker.execution.cuda.driver.Context;
import dev.cofferdam.worker.execution.cuda.driver.DeviceMemory;
import dev.cofferdam.worker.model.ModelConfig;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.WeakHashMap;

/**
 * The adapters on the device: their factors, and a table of where they lie, by slot, layer and
 * target, which the kernels read.
 */
final class DeviceAdapters implements AutoCloseable {
  /** Largest rank. */
  static final int RANK_MAX = PeftAdapterReader.RANK_MAX;

  private final Context context;
  private final ModelConfig model;
  private final AdapterSlots<DeviceMemory> slots;
  private final int count;
  private final DeviceMemory table;

  /** Ready to be copied; kept as long as somebody has the adapter. */
  private final Map<LoraAdapter, HostAdapter> prepared =
      Collections.synchronizedMap(new WeakHashMap<>());

  DeviceAdapters(CudaDevice device, ModelConfig model, int adapterSlots, Owned owned) {
    this.context = device.context();
    this.model = model;
    this.count = adapterSlots;
    slots = new AdapterSlots<>(adapterSlots);
    table = owned.device((adapterSlots + 1L) * slotStride() * HostAdapter.MODULE_BYTES);
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
   * Rounds an adapter's factors beforehand. Any thread.
   *
   * @throws IllegalArgumentException when it is one of another model, or too large
   */
  void prepare(LoraAdapter adapter) {
    if (!prepared.containsKey(adapter)) {
      prepared.putIfAbsent(adapter, new HostAdapter(adapter, model));
    }
  }

  /**
   * Copies an adapter to the device.
   *
   * @throws dev.cofferdam.worker.execution.cuda.driver.CudaException when there is no memory for it
   */
  int load(LoraAdapter adapter) {
    prepare(adapter);
    HostAdapter host = Objects.requireNonNull(prepared.get(adapter));
    DeviceMemory factors = context.allocate(host.bytes());
    try (Upload upload = new Upload()) {
      upload.copy(host.factors(), factors, 0);
      int slot = slots.add(factors);
      upload.copy(
          host.table(factors.address()),
          table,
          (long) slot * slotStride() * HostAdapter.MODULE_BYTES);
      return slot;
    } catch (RuntimeException e) {
      factors.close();
      throw e;
    }
  }

  /** Forgets an adapter; no step that uses it may be under way. */
  void unload(int slot) {
    DeviceMemory factors = slots.get(slot);
    slots.remove(slot);
    Objects.requireNonNull(factors).close();
  }

  @Override
  public void close() {
    for (int slot = 1; slot <= count; slot++) {
      DeviceMemory factors = slots.get(slot);
      if (factors != null) {
        factors.close();
      }
    }
  }
}
