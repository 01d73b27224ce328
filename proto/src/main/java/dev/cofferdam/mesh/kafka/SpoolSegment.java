package dev.cofferdam.mesh.kafka;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One file of the spool: frames of length, CRC-32C and payload. Not thread-safe; the {@link Spool}
 * holds its lock.
 *
 * <p>No FileChannel: an interrupt of any thread that appends would close it for all.
 */
final class SpoolSegment implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(SpoolSegment.class);
  private static final int HEADER_BYTES = 8;
  private static final int READ_BYTES = 2_048;
  private static final int HELD_BYTES_MAX = 256 << 10;
  private static final long UNKNOWN = -1;

  private final long number;
  private final Path file;
  private final RandomAccessFile data;
  private long writeOffset;
  private long readOffset;
  private long appended;
  private long handedOut;
  private long acked;
  private boolean dirty;

  /** Where the file's own pointer is. */
  private long pointer = UNKNOWN;

  /** The next payloads to read, as far as they are kept in memory: those before an offset. */
  private final ArrayDeque<byte[]> held = new ArrayDeque<>();

  private long heldBytes;
  private long heldTo;

  /** Whether bytes of an append that failed may lie behind the last frame. */
  private boolean tailed;

  private SpoolSegment(long number, Path file, RandomAccessFile data) {
    this.number = number;
    this.file = file;
    this.data = data;
  }

  /** Opens or creates a segment; a torn or damaged tail is cut off. */
  static SpoolSegment open(long number, Path file) throws IOException {
    RandomAccessFile data = new RandomAccessFile(file.toFile(), "rw");
    SpoolSegment segment = new SpoolSegment(number, file, data);
    try {
      segment.recover();
    } catch (IOException e) {
      data.close();
      throw e;
    }
    return segment;
  }

  private void recover() throws IOException {
    long size = data.length();
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
      LOG.warn(
          "{} bytes behind fact {} of {} are no fact: cut off",
          size - offset,
          appended,
          file.getFileName());
      data.setLength(offset);
    }
  }

  /** The payload of the frame at an offset, or null where there is no whole, undamaged frame. */
  private byte @org.jspecify.annotations.Nullable [] frameAt(long offset, long end)
      throws IOException {
    if (end - offset < HEADER_BYTES) {
      return null;
    }
    // Most frames come whole with the first read.
    byte[] bytes = new byte[(int) Math.min(READ_BYTES, end - offset)];
    pointer = UNKNOWN;
    data.seek(offset);
    data.readFully(bytes);
    ByteBuffer start = ByteBuffer.wrap(bytes);
    int length = start.getInt(0);
    if (length <= 0 || length > end - offset - HEADER_BYTES) {
      return null;
    }
    byte[] payload = new byte[length];
    int had = Math.min(length, start.capacity() - HEADER_BYTES);
    start.get(HEADER_BYTES, payload, 0, had);
    if (had < length) {
      data.readFully(payload, had, length - had);
    }
    return crc(payload) == start.getInt(4) ? payload : null;
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
    frame.putInt(payload.length).putInt(crc(payload)).put(payload);
    if (tailed) {
      cutTail();
    }
    try {
      if (pointer != writeOffset) {
        data.seek(writeOffset);
      }
      data.write(frame.array());
    } catch (IOException e) {
      pointer = UNKNOWN;
      tailed = true;
      cutTail();
      throw e;
    }
    hold(payload);
    writeOffset += frame.capacity();
    pointer = writeOffset;
    appended++;
    dirty = true;
  }

  /** Keeps what is being appended, where all that is to be read before it is kept, too. */
  private void hold(byte[] payload) {
    if (held.isEmpty() && readOffset == writeOffset) {
      heldTo = writeOffset;
    }
    if (heldTo == writeOffset && heldBytes + payload.length <= HELD_BYTES_MAX) {
      held.addLast(payload);
      heldBytes += payload.length;
      heldTo += frameBytes(payload);
    }
  }

  /** Else a shorter frame could leave the end of a longer one behind it, which reads as frames. */
  private void cutTail() throws IOException {
    data.setLength(writeOffset);
    tailed = false;
  }

  boolean hasUnread() {
    return readOffset < writeOffset;
  }

  /** The next payload that was not read yet. */
  byte[] read() throws IOException {
    byte[] payload = held.pollFirst();
    if (payload == null) {
      payload = frameAt(readOffset, writeOffset);
    } else {
      heldBytes -= payload.length;
    }
    if (payload == null) {
      throw new IOException(
          "the segment " + file.getFileName() + " is damaged at byte " + readOffset);
    }
    readOffset += frameBytes(payload);
    handedOut++;
    return payload;
  }

  /** Gives up what was not read, because the file does not hold it any more. */
  long skipUnread() {
    long lost = appended - handedOut;
    held.clear();
    heldBytes = 0;
    readOffset = writeOffset;
    handedOut = appended;
    acked += lost;
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
    data.setLength(0);
    writeOffset = 0;
    readOffset = 0;
    appended = 0;
    handedOut = 0;
    acked = 0;
    dirty = false;
  }

  boolean dirty() {
    return dirty;
  }

  void force() throws IOException {
    if (dirty) {
      data.getFD().sync();
      dirty = false;
    }
  }

  void delete() throws IOException {
    data.close();
    Files.deleteIfExists(file);
  }

  @Override
  public void close() throws IOException {
    force();
    data.close();
  }
}
