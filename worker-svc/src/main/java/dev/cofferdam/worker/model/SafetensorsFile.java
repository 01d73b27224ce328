package dev.cofferdam.worker.model;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;

/**
 * A safetensors file: its tensors by name, their elements on demand. Everything that the header
 * says is checked before anything is allocated for it.
 */
public final class SafetensorsFile {
  /** Largest header; the largest models known need less than a tenth. */
  static final int HEADER_BYTES_MAX = 16 << 20;

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySegment data;
  private final Map<String, TensorEntry> entries;

  private SafetensorsFile(MemorySegment data, Map<String, TensorEntry> entries) {
    this.data = data;
    this.entries = Collections.unmodifiableMap(entries);
  }

  /**
   * Maps a file into memory; it is unmapped when this object is garbage. The file must not be
   * truncated meanwhile.
   *
   * @throws ModelLoadException when the file is unreadable or malformed
   */
  public static SafetensorsFile map(Path file) {
    String name = String.valueOf(file.getFileName());
    if (!Files.isRegularFile(file)) { // opening a pipe would wait for its writer
      throw new ModelLoadException(name + ": missing");
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return of(
          name, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto()));
    } catch (IOException | UnsupportedOperationException e) {
      throw new ModelLoadException(name + ": unreadable", e);
    }
  }

  /**
   * Reads a file that is already in memory.
   *
   * @param name how the message of a refusal calls it
   * @throws ModelLoadException when it is malformed
   */
  public static SafetensorsFile of(String name, MemorySegment file) {
    if (file.byteSize() < Long.BYTES) {
      throw new ModelLoadException(name + ": too short for a header");
    }
    long headerBytes = file.get(LONG, 0);
    if (headerBytes < 2
        || headerBytes > HEADER_BYTES_MAX
        || headerBytes > file.byteSize() - Long.BYTES) {
      throw new ModelLoadException(name + ": impossible header length");
    }
    byte[] header = file.asSlice(Long.BYTES, headerBytes).toArray(ValueLayout.JAVA_BYTE);
    MemorySegment data = file.asSlice(Long.BYTES + headerBytes);
    return new SafetensorsFile(data, SafetensorsHeader.parse(name, header, data.byteSize()));
  }

  /** All tensors by name. */
  public Map<String, TensorEntry> entries() {
    return entries;
  }

  /** The tensor of that name, if there is one. */
  public Optional<TensorEntry> find(String name) {
    return Optional.ofNullable(entries.get(name));
  }

  /**
   * Copies elements, widened to F32.
   *
   * @param entry a tensor of this file
   * @param from first element
   * @param target where to
   * @param offset first index in {@code target}
   * @param count number of elements
   */
  public void read(TensorEntry entry, long from, float[] target, int offset, int count) {
    if (from < 0 || count < 0 || from > entry.elements() - count) {
      throw new IndexOutOfBoundsException("elements outside of the tensor");
    }
    long at = entry.begin() + from * entry.type().bytes();
    entry.type().widen(data, at, target, offset, count);
  }

  /** The bytes of a tensor of this file, in place. */
  MemorySegment bytes(TensorEntry entry) {
    return data.asSlice(entry.begin(), entry.end() - entry.begin());
  }
}
