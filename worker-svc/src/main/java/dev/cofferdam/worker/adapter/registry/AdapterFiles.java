package dev.cofferdam.worker.adapter.registry;

import dev.cofferdam.worker.adapter.PeftAdapterReader;

/**
 * The two files of an adapter, as they are stored.
 *
 * @param config content of {@link PeftAdapterReader#CONFIG}
 * @param weights content of {@link PeftAdapterReader#WEIGHTS}
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record AdapterFiles(byte[] config, byte[] weights) {
  /** Largest configuration. */
  public static final int CONFIG_BYTES_MAX = 1 << 20;

  /** Largest file of weights. */
  public static final int WEIGHT_BYTES_MAX = 1 << 30;

  /** SHA-256 over both, 64 hexadecimal digits. */
  public String version() {
    return PeftAdapterReader.version(config, weights);
  }
}
