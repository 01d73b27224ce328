package dev.cofferdam.audit.publication;

import dev.cofferdam.audit.proof.TreeHash;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Bytes of tiles and of bundles of entries: hashes one after the other; entries each after its
 * length in two bytes, the high one first.
 */
public final class TileBytes {
  /** The longest entry. */
  public static final int ENTRY_BYTES_MAX = 65_535;

  private TileBytes() {}

  /** A tile. */
  public static byte[] ofHashes(List<TreeHash> hashes) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(hashes.size() * TreeHash.BYTES);
    hashes.forEach(hash -> bytes.writeBytes(hash.bytes()));
    return bytes.toByteArray();
  }

  /** The hashes of a tile; a torn one at its end is left out. */
  public static List<TreeHash> hashes(byte[] tile) {
    List<TreeHash> hashes = new ArrayList<>();
    for (int at = 0; at + TreeHash.BYTES <= tile.length; at += TreeHash.BYTES) {
      hashes.add(TreeHash.of(Arrays.copyOfRange(tile, at, at + TreeHash.BYTES)));
    }
    return hashes;
  }

  /**
   * A bundle.
   *
   * @throws IllegalArgumentException where an entry is longer than {@link #ENTRY_BYTES_MAX}
   */
  public static byte[] ofEntries(List<byte[]> entries) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (byte[] entry : entries) {
      if (entry.length > ENTRY_BYTES_MAX) {
        throw new IllegalArgumentException("entry of " + entry.length + " bytes");
      }
      bytes.write(entry.length >> 8);
      bytes.write(entry.length);
      bytes.writeBytes(entry);
    }
    return bytes.toByteArray();
  }

  /** The entries of a bundle; a torn one at its end is left out. */
  public static List<byte[]> entries(byte[] bundle) {
    List<byte[]> entries = new ArrayList<>();
    int at = 0;
    while (at + 2 <= bundle.length) {
      int length = (bundle[at] & 0xff) << 8 | bundle[at + 1] & 0xff;
      int end = at + 2 + length;
      if (end > bundle.length) {
        break;
      }
      entries.add(Arrays.copyOfRange(bundle, at + 2, end));
      at = end;
    }
    return entries;
  }
}
