package dev.cofferdam.worker.adapter.registry;

/** Where the files of adapters come from. Thread-safe; reading blocks the caller. */
public interface AdapterStore {

  /**
   * Reads an adapter's files; none larger than {@link AdapterFiles} says is taken into memory.
   *
   * @throws dev.cofferdam.worker.adapter.BadAdapterException when they are missing or too large
   * @throws dev.cofferdam.worker.adapter.AdapterUnavailableException when the store cannot be
   *     reached
   */
  AdapterFiles read(AdapterPath path);
}
