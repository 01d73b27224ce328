package dev.cofferdam.worker.serving;

import dev.cofferdam.worker.adapter.LoraAdapter;

/** Where adapters come from. */
@FunctionalInterface
public interface AdapterSource {

  /**
   * Reads an adapter and checks that it is the version expected.
   *
   * @param model model that it is for
   * @param folder where it lies below the root of the adapters
   * @throws dev.cofferdam.worker.adapter.BadAdapterException when it is not, or does not hold
   * @throws dev.cofferdam.worker.adapter.AdapterUnavailableException when it cannot be fetched now
   */
  LoraAdapter load(String model, String folder, String version);

  /**
   * Does beforehand what a step would wait for, on the thread of each request that asks for an
   * adapter, whether it was read for that one or not.
   */
  default void prepare(String model, LoraAdapter adapter) {}
}
