package dev.cofferdam.mesh.kafka;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A record that waits for Kafka.
 *
 * @param topic where it goes
 * @param key its key
 * @param value its value; the record owns the array
 */
record SpooledRecord(String topic, String key, byte[] value) {

  /** Topic, key, value; the first two with their lengths in front. */
  byte[] encode() {
    byte[] topicBytes = topic.getBytes(StandardCharsets.UTF_8);
    byte[] keyBytes = key.getBytes(StandardCharsets.UTF_8);
    ByteBuffer buffer = ByteBuffer.allocate(8 + topicBytes.length + keyBytes.length + value.length);
    buffer.putInt(topicBytes.length).put(topicBytes);
    buffer.putInt(keyBytes.length).put(keyBytes);
    return buffer.put(value).array();
  }

  /**
   * The record of encoded bytes.
   *
   * @throws IllegalArgumentException for bytes that {@link #encode} does not make
   */
  static SpooledRecord decode(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    try {
      String topic = text(buffer);
      String key = text(buffer);
      byte[] value = new byte[buffer.remaining()];
      buffer.get(value);
      return new SpooledRecord(topic, key, value);
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException("not a spooled record", e);
    }
  }

  private static String text(ByteBuffer buffer) {
    int length = buffer.getInt();
    if (length < 0 || length > buffer.remaining()) {
      throw new IllegalArgumentException("not a spooled record: text of " + length + " bytes");
    }
    byte[] bytes = new byte[length];
    buffer.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
