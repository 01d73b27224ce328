package dev.cofferdam.mesh.kafka;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * One file of the spool: frames of length, CRC-32C and payload. Not thread-safe; the {@link Spool}
 * holds its lock.
 */
final class SpoolSegment implements Closeable {
  private static final int HEADER_BYTES = 8;
  private static final int READ_BYTES = 2_048;

  private final long number;
  private final Path file;
  private final FileChannel channel;
  private long writeOffset;
  private long readOffset;
  private long appended;
  private long acked;
  private boolean dirty;

  private SpoolSegment(long number, Path file, FileChannel channel) {
    this.number = number;
    this.file = file;
    this.channel = channel;
  }

  /** Opens or creates a segment; a torn or damaged tail is cut off. */
  static SpoolSegment open(long number, Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    SpoolSegment segment = new SpoolSegment(number, file, channel);
    try {
      segment.recover();
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    return segment;
  }

  private void recover() throws IOException {
    long size = channel.size();
    long offset = 0;
    while (true) {
      byte[] payload = frameAt(offset, size);
      if (payload == null) {
        break;
      }
      offset += HEADER_BYTES + payload.length;
      appended++;
    }
    writeOffset = offset;
    if (offset < size) {
      channel.truncate(offset);
    }
  }

  /** The payload of the frame at an offset, or null where there is no whole, undamaged frame. */
  private byte @org.jspecify.annotations.Nullable [] frameAt(long offset, long end)
      throws IOException {
    if (end - offset < HEADER_BYTES) {
      return null;
    }
    // Most frames come whole with the first read.
    ByteBuffer start = ByteBuffer.allocate((int) Math.min(READ_BYTES, end - offset));
    readFully(start, offset);
    int length = start.getInt(0);
    if (length <= 0 || length > end - offset - HEADER_BYTES) {
      return null;
    }
    byte[] payload = new byte[length];
    int had = Math.min(length, start.capacity() - HEADER_BYTES);
    start.get(HEADER_BYTES, payload, 0, had);
    if (had < length) {
      readFully(ByteBuffer.wrap(payload, had, length - had).slice(), offset + HEADER_BYTES + had);
    }
    return crc(payload) == start.getInt(4) ? payload : null;
  }

  private void readFully(ByteBuffer buffer, long offset) throws IOException {
    while (buffer.hasRemaining()) {
      int n = channel.read(buffer, offset + buffer.position());
      if (n < 0) {
        throw new IOException("the segment " + file.getFileName() + " is shorter than it was");
      }
    }
  }

  static int frameBytes(byte[] payload) {
    return HEADER_BYTES + payload.length;
  }

  private static int crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  /** Appends a frame; after a failure the file is as before. */
  void append(byte[] payload) throws IOException {
    ByteBuffer frame = ByteBuffer.allocate(frameBytes(payload));
    frame.putInt(payload.length).putInt(crc(payload)).put(payload).flip();
    long offset = writeOffset;
    try {
      while (frame.hasRemaining()) {
        offset += channel.write(frame, offset);
      }
    } catch (IOException e) {
      channel.truncate(writeOffset);
      throw e;
    }
    writeOffset = offset;
    appended++;
    dirty = true;
  }

  boolean hasUnread() {
    return readOffset < writeOffset;
  }

  /** The next payload that was not read yet. */
  byte[] read() throws IOException {
    byte[] payload = frameAt(readOffset, writeOffset);
    if (payload == null) {
      throw new IOException(
          "the segment " + file.getFileName() + " is damaged at byte " + readOffset);
    }
    readOffset += frameBytes(payload);
    return payload;
  }

  /** Gives up what was not read, because the file does not hold it any more. */
  long skipUnread() {
    long lost = appended - acked;
    readOffset = writeOffset;
    acked = appended;
    return lost;
  }

  void ack() {
    acked++;
  }

  boolean allAcked() {
    return acked >= appended && !hasUnread();
  }

  long number() {
    return number;
  }

  long bytes() {
    return writeOffset;
  }

  /** Empties the file, all of which is acked. */
  void reset() throws IOException {
    channel.truncate(0);
    writeOffset = 0;
    readOffset = 0;
    appended = 0;
    acked = 0;
    dirty = false;
  }

  void force() throws IOException {
    if (dirty) {
      channel.force(false);
      dirty = false;
    }
  }

  void delete() throws IOException {
    channel.close();
    Files.deleteIfExists(file);
  }

  @Override
  public void close() throws IOException {
    force();
    channel.close();
  }
}
