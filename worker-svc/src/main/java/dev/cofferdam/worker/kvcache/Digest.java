package dev.cofferdam.worker.kvcache;

import java.util.Arrays;

/**
 * A tenant-keyed digest of a block and everything before it, or what precedes the first block; as a
 * key of maps.
 */
public final class Digest {
  private final byte[] bytes;

  /** Takes over the bytes. */
  public Digest(byte[] bytes) {
    this.bytes = bytes;
  }

  /** The bytes; not to be written. */
  public byte[] bytes() {
    return bytes;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Digest digest && Arrays.equals(bytes, digest.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** Says nothing. */
  @Override
  public String toString() {
    return "Digest";
  }
}
