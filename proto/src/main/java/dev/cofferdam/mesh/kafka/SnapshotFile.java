package dev.cofferdam.mesh.kafka;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;

/** A view on disk: a magic number, a checksum, and the records. Replaced as a whole. */
final class SnapshotFile {
  private static final int MAGIC = 0x43465631;
  private static final int HEADER_BYTES = 8;

  private SnapshotFile() {}

  /** Replaces the file; after a crash it is the old one or the new one. */
  static <T extends Message> void write(Path file, Map<String, T> records) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(records.size());
    for (Map.Entry<String, T> entry : records.entrySet()) {
      byte[] value = entry.getValue().toByteArray();
      out.writeUTF(entry.getKey());
      out.writeInt(value.length);
      out.write(value);
    }
    byte[] body = bytes.toByteArray();
    ByteBuffer buffer = ByteBuffer.allocate(HEADER_BYTES + body.length);
    buffer.putInt(MAGIC).putInt(crc(body, 0)).put(body).flip();
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    Path next = file.resolveSibling(file.getFileName() + ".next");
    try (FileChannel channel =
        FileChannel.open(
            next,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      channel.force(true);
    }
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /**
   * Reads a file; empty where there is none.
   *
   * @throws IOException where it is damaged
   */
  static <T extends Message> Optional<Map<String, T>> read(Path file, Parser<T> parser)
      throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    byte[] bytes = Files.readAllBytes(file);
    if (bytes.length < HEADER_BYTES
        || ByteBuffer.wrap(bytes).getInt(0) != MAGIC
        || ByteBuffer.wrap(bytes).getInt(4) != crc(bytes, HEADER_BYTES)) {
      throw new IOException("the checksum does not hold");
    }
    DataInputStream in =
        new DataInputStream(
            new ByteArrayInputStream(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES));
    int count = in.readInt();
    Map<String, T> records = new HashMap<>();
    for (int i = 0; i < count; i++) {
      String key = in.readUTF();
      byte[] value = in.readNBytes(in.readInt());
      records.put(key, parser.parseFrom(value));
    }
    return Optional.of(Map.copyOf(records));
  }

  private static int crc(byte[] bytes, int from) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, bytes.length - from);
    return (int) crc.getValue();
  }
}
