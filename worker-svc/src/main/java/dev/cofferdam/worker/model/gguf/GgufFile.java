package dev.cofferdam.worker.model.gguf;

import dev.cofferdam.gguf.GgufCursor;
import dev.cofferdam.gguf.GgufHeader;
import dev.cofferdam.gguf.GgufMetadata;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A GGUF file of version 2 or 3: its metadata, and its tensors in place. Everything that it says of
 * itself is checked before anything is allocated for it.
 *
 * @param name how the message of a refusal calls it
 * @param metadata its key-value pairs
 * @param tensors its tensors by their names in the file
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">the format</a>
 */
record GgufFile(String name, GgufMetadata metadata, Map<String, GgufTensor> tensors) {
  private static final int NAME_BYTES_MAX = 64;
  private static final int DIMENSIONS_MAX = 4;
  private static final String ALIGNMENT = "general.alignment";

  private record Entry(String name, GgufType type, List<Long> shape, long bytes, long offset) {}

  /**
   * Maps a file into memory; it is unmapped when nothing refers to it. The file must not be
   * truncated meanwhile.
   *
   * @throws GgufException when the file is unreadable or malformed
   */
  static GgufFile map(Path file) {
    return of(String.valueOf(file.getFileName()), GgufHeader.map(file));
  }

  /**
   * Reads a file that is already in memory.
   *
   * @throws GgufException when it is malformed
   */
  static GgufFile of(String name, MemorySegment file) {
    GgufCursor cursor = GgufHeader.cursor(name, file);
    GgufHeader header = GgufHeader.read(cursor);
    GgufMetadata metadata = header.metadata();
    long alignment = metadata.whole(ALIGNMENT).orElse(32L);
    if (alignment < 8 || alignment > 1 << 16 || Long.bitCount(alignment) != 1) {
      throw metadata.refused(ALIGNMENT, "not a power of two from 8 to 65536");
    }
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < header.tensors(); i++) {
      entries.add(entry(cursor));
    }
    return new GgufFile(name, metadata, place(name, cursor.position(), file, entries, alignment));
  }

  private static Entry entry(GgufCursor cursor) {
    String name = cursor.text(NAME_BYTES_MAX);
    long dimensions = cursor.uint32();
    if (dimensions < 1 || dimensions > DIMENSIONS_MAX) {
      throw cursor.refused("a tensor of not 1 to " + DIMENSIONS_MAX + " dimensions");
    }
    List<Long> shape = new ArrayList<>();
    long elements = 1;
    for (long i = 0; i < dimensions; i++) {
      long dimension = cursor.int64();
      if (dimension < 1 || dimension > Long.MAX_VALUE / 256 / elements) {
        throw cursor.refused("a shape that is empty or overflows");
      }
      elements *= dimension;
      shape.addFirst(dimension);
    }
    GgufType type =
        GgufType.of(cursor.uint32())
            .orElseThrow(
                () ->
                    cursor.refused(
                        "a tensor type other than F32, F16, BF16, Q8_0, Q4_0, Q4_K, Q6_K"));
    if (shape.getLast() % type.blockElements() != 0) {
      throw cursor.refused("a tensor whose rows are no whole blocks");
    }
    long bytes = elements / type.blockElements() * type.blockBytes();
    return new Entry(name, type, shape, bytes, cursor.int64());
  }

  /** The tensors must lie one behind the other, each aligned, and fill the file. */
  private static Map<String, GgufTensor> place(
      String name, long headerBytes, MemorySegment file, List<Entry> entries, long alignment) {
    GgufCursor cursor = new GgufCursor(name, file, file.byteSize(), "");
    cursor.skip(headerBytes);
    cursor.skip(padding(headerBytes, alignment));
    long start = cursor.position();
    Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    for (Entry entry : entries) {
      if (entry.offset != cursor.position() - start) {
        throw cursor.refused("tensors that overlap or leave a hole");
      }
      long at = cursor.position();
      cursor.skip(entry.bytes);
      MemorySegment data = file.asSlice(at, entry.bytes);
      if (tensors.put(entry.name, new GgufTensor(entry.type, entry.shape, data)) != null) {
        throw cursor.refused("a tensor twice");
      }
      cursor.skip(Math.min(padding(cursor.position(), alignment), cursor.remaining()));
    }
    if (cursor.remaining() != 0) {
      throw cursor.refused("data that belongs to no tensor");
    }
    return tensors;
  }

  private static long padding(long position, long alignment) {
    return -position & alignment - 1;
  }
}
