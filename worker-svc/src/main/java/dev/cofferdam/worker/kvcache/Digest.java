package dev.cofferdam.worker.kvcache;

import dev.cofferdam.vocabulary.PrefixDigests;
import java.util.Arrays;

/** A tenant-keyed digest of a block and everything before it, as a key of maps. */
public final class Digest {
  private final byte[] bytes;

  /** Takes over the bytes. */
  public Digest(byte[] bytes) {
    if (bytes.length != PrefixDigests.BYTES) {
      throw new IllegalArgumentException("a digest has " + PrefixDigests.BYTES + " bytes");
    }
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

  /** The bytes are as good as random already. */
  @Override
  public int hashCode() {
    return bytes[0] & 0xFF | (bytes[1] & 0xFF) << 8 | (bytes[2] & 0xFF) << 16 | bytes[3] << 24;
  }

  /** Says nothing. */
  @Override
  public String toString() {
    return "Digest";
  }
}
