package dev.cofferdam.worker.execution;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The slots of an executor's adapters; slot 0 is the base model and holds nothing.
 *
 * @param <T> an adapter in the executor's own layout
 */
public final class AdapterSlots<T> {
  private final List<@Nullable T> slots;

  /** With so many slots besides the base model's. */
  public AdapterSlots(int count) {
    slots = new ArrayList<>(Collections.<@Nullable T>nCopies(count + 1, null));
  }

  /**
   * Puts an adapter into a free slot, and returns the slot.
   *
   * @throws IllegalStateException when none is free
   */
  public int add(T adapter) {
    for (int slot = 1; slot < slots.size(); slot++) {
      if (slots.get(slot) == null) {
        slots.set(slot, adapter);
        return slot;
      }
    }
    throw new IllegalStateException("all " + (slots.size() - 1) + " adapter slots are taken");
  }

  /**
   * Empties a slot.
   *
   * @throws IllegalArgumentException when it is none of an adapter, or empty
   */
  public void remove(int slot) {
    if (slot < 1 || slot >= slots.size() || slots.get(slot) == null) {
      throw new IllegalArgumentException("adapter slot " + slot + " holds no adapter");
    }
    slots.set(slot, null);
  }

  /** Whether a sequence may name this slot: the base model's, or one with an adapter. */
  public boolean usable(int slot) {
    return slot == 0 || (slot > 0 && slot < slots.size() && slots.get(slot) != null);
  }

  /** The adapter in a slot; null for slot 0. */
  public @Nullable T get(int slot) {
    return slots.get(slot);
  }
}
