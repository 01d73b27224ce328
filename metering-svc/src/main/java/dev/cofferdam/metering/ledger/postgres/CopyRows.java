package dev.cofferdam.metering.ledger.postgres;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Rows in the binary format of PostgreSQL's COPY (its manual, "COPY", section "Binary Format"): in
 * network byte order, each field behind its length.
 */
final class CopyRows {
  private static final byte[] SIGNATURE = {
    'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xff, '\r', '\n', 0
  };
  private static final Instant EPOCH = Instant.parse("2000-01-01T00:00:00Z");
  private static final int ROW_BYTES = 512;

  private ByteBuffer buffer;

  /**
   * @param rows about how many will be put
   */
  CopyRows(int rows) {
    buffer = ByteBuffer.allocate(64 + rows * ROW_BYTES);
    buffer.put(SIGNATURE).putInt(0).putInt(0);
  }

  void startRow(int columns) {
    room(2).putShort((short) columns);
  }

  void putLong(long value) {
    room(12).putInt(8).putLong(value);
  }

  void putInt(int value) {
    room(8).putInt(4).putInt(value);
  }

  void putTime(Instant value) {
    putLong(
        (value.getEpochSecond() - EPOCH.getEpochSecond()) * 1_000_000 + value.getNano() / 1_000);
  }

  void putText(String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    room(4 + bytes.length).putInt(bytes.length).put(bytes);
  }

  /** A uuid as 32 hexadecimal digits. */
  void putHex(String value) {
    room(20)
        .putInt(16)
        .putLong(HexFormat.fromHexDigitsToLong(value, 0, 16))
        .putLong(HexFormat.fromHexDigitsToLong(value, 16, 32));
  }

  /** All that was put, with the trailer. */
  byte[] finish() {
    room(2).putShort((short) -1);
    return Arrays.copyOf(buffer.array(), buffer.position());
  }

  private ByteBuffer room(int bytes) {
    if (buffer.remaining() < bytes) {
      ByteBuffer larger = ByteBuffer.allocate(2 * buffer.capacity() + bytes);
      buffer = larger.put(buffer.flip());
    }
    return buffer;
  }
}
