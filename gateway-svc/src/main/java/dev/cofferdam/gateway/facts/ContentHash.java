package dev.cofferdam.gateway.facts;

/** A keyed hash of content, fed piece by piece; not thread-safe. */
public interface ContentHash {
  /** Adds bytes. */
  void update(byte[] bytes, int offset, int length);

  /** The HMAC-SHA-256 of all that was added, 32 bytes; ends the hash. */
  byte[] digest();
}
