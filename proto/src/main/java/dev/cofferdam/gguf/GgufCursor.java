package dev.cofferdam.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Reads a file from its start on, and never beyond a limit: what would lead there is refused. */
public final class GgufCursor {
  private final String name;
  private final MemorySegment file;
  private final String end;
  private final ByteBuffer word = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private long position;

  /**
   * @param name how the message of a refusal calls the file
   * @param bytesMax what may be read of it
   * @param limit what to say when that is not enough
   */
  public GgufCursor(String name, MemorySegment file, long bytesMax, String limit) {
    this.name = name;
    this.file = file.asSlice(0, Math.min(file.byteSize(), bytesMax));
    this.end = file.byteSize() > bytesMax ? limit : "ends too early";
  }

  /** How messages call the file. */
  String name() {
    return name;
  }

  /** Bytes from the start of the file. */
  public long position() {
    return position;
  }

  /** Bytes up to the limit. */
  public long remaining() {
    return file.byteSize() - position;
  }

  byte int8() {
    return next(Byte.BYTES).get(0);
  }

  short int16() {
    return next(Short.BYTES).getShort(0);
  }

  /** The next four bytes. */
  public int int32() {
    return next(Integer.BYTES).getInt(0);
  }

  /** The next four bytes, unsigned. */
  public long uint32() {
    return Integer.toUnsignedLong(int32());
  }

  /** The next eight bytes. */
  public long int64() {
    return next(Long.BYTES).getLong(0);
  }

  /**
   * A count or length, from 0 to {@code most}.
   *
   * @throws GgufException for any other
   */
  public long count(String what, long most) {
    long value = int64();
    if (value < 0 || value > most) {
      throw refused(what + " is not from 0 to " + most);
    }
    return value;
  }

  /**
   * A string of at most {@code bytesMax} bytes.
   *
   * @throws GgufException for a longer one, and what is not UTF-8
   */
  public String text(int bytesMax) {
    int length = (int) count("the length of a string", Math.min(bytesMax, remaining()));
    byte[] bytes = file.asSlice(advance(length), length).toArray(ValueLayout.JAVA_BYTE);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new GgufException(name + ": a string that is not UTF-8", e);
    }
  }

  /** Leaves out so many bytes. */
  public void skip(long bytes) {
    advance(bytes);
  }

  /** A refusal that names the file. */
  public GgufException refused(String complaint) {
    return new GgufException(name + ": " + complaint);
  }

  /** Bytes are copied: a native executable has no way to read a number from a segment. */
  private ByteBuffer next(int bytes) {
    MemorySegment.copy(file, ValueLayout.JAVA_BYTE, advance(bytes), word.array(), 0, bytes);
    return word;
  }

  private long advance(long bytes) {
    if (bytes < 0 || bytes > remaining()) {
      throw refused(end);
    }
    long at = position;
    position += bytes;
    return at;
  }
}
