package dev.cofferdam.gguf;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The beginning of a GGUF file of version 2 or 3: what it says of itself before its tensors.
 *
 * @param tensors number of tensors that follow
 * @param metadata its key-value pairs
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">the format</a>
 */
public record GgufHeader(int tensors, GgufMetadata metadata) {
  private static final int MAGIC = 0x46554747; // "GGUF"

  /** Several times that of the largest vocabulary known. */
  private static final int HEADER_BYTES_MAX = 128 << 20;

  private static final int TENSORS_MAX = 1 << 16;

  /**
   * Maps a file into memory; it is unmapped when nothing refers to it. The file must not be
   * truncated meanwhile.
   *
   * @throws GgufException when it is unreadable
   */
  public static MemorySegment map(Path file) {
    if (!Files.isRegularFile(file)) { // opening a pipe would wait for its writer
      throw new GgufException(file.getFileName() + ": missing");
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
    } catch (IOException | UnsupportedOperationException e) {
      throw new GgufException(file.getFileName() + ": unreadable", e);
    }
  }

  /**
   * A cursor at the start of a file, which reads its header and no more than a header may be.
   *
   * @param name how the message of a refusal calls it
   */
  public static GgufCursor cursor(String name, MemorySegment file) {
    return new GgufCursor(
        name, file, HEADER_BYTES_MAX, "more than " + HEADER_BYTES_MAX + " bytes of metadata");
  }

  /**
   * Reads a header; the tensors' entries are next.
   *
   * @throws GgufException when it is malformed
   */
  public static GgufHeader read(GgufCursor cursor) {
    if (cursor.int32() != MAGIC) {
      throw cursor.refused("not a GGUF file");
    }
    int version = cursor.int32();
    if (version != 2 && version != 3) {
      throw cursor.refused("version: only 2 and 3, little-endian, are supported");
    }
    int tensors = (int) cursor.count("the number of tensors", TENSORS_MAX);
    long pairs = cursor.int64();
    return new GgufHeader(tensors, GgufMetadata.read(cursor, pairs));
  }
}
