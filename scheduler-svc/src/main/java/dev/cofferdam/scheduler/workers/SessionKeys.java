package dev.cofferdam.scheduler.workers;

import java.util.HexFormat;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The keys under which the grants of one worker session are signed. A fresh key is announced a
 * moment before it signs, so that the worker has it when the first grant comes by another way.
 *
 * <p>Not thread-safe.
 */
public final class SessionKeys {
  /** Bytes of a key. */
  public static final int KEY_BYTES = 32;

  private static final int ID_BYTES = 8;

  private final RandomGenerator random;
  private final long lifeMs;
  private final long leadMs;
  private Key signing;
  private @Nullable Key next;

  /** A key; its bytes are not to be changed. */
  public static final class Key {
    private final String id;
    private final byte[] bytes;
    private final long announcedMs;
    private final long expiresMs;

    private Key(String id, byte[] bytes, long announcedMs, long expiresMs) {
      this.id = id;
      this.bytes = bytes;
      this.announcedMs = announcedMs;
      this.expiresMs = expiresMs;
    }

    /** Its name. */
    public String id() {
      return id;
    }

    /** The key. */
    public byte[] bytes() {
      return bytes;
    }

    /** Milliseconds since the epoch after which it signs nothing. */
    public long expiresMs() {
      return expiresMs;
    }
  }

  /**
   * Keys of a new session; the first is to be announced at once.
   *
   * @param random a secure one, outside tests
   * @param lifeMs how long a key signs
   * @param leadMs how long before it signs a key is announced
   */
  public SessionKeys(RandomGenerator random, long lifeMs, long leadMs, long nowMs) {
    this.random = random;
    this.lifeMs = lifeMs;
    this.leadMs = leadMs;
    this.signing = fresh(nowMs);
  }

  /** The key that signs now. */
  public Key signing(long nowMs) {
    Key announced = next;
    if (announced != null && nowMs - announced.announcedMs >= leadMs) {
      signing = announced;
      next = null;
    }
    return signing;
  }

  /** A key to be announced now; empty while there is none. */
  public Optional<Key> rotate(long nowMs) {
    if (next != null || nowMs < signing.expiresMs - 2 * leadMs) {
      return Optional.empty();
    }
    Key fresh = fresh(nowMs);
    next = fresh;
    return Optional.of(fresh);
  }

  private Key fresh(long nowMs) {
    byte[] id = new byte[ID_BYTES];
    byte[] bytes = new byte[KEY_BYTES];
    random.nextBytes(id);
    random.nextBytes(bytes);
    return new Key(HexFormat.of().formatHex(id), bytes, nowMs, nowMs + lifeMs);
  }
}
