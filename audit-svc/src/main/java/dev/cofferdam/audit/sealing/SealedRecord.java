package dev.cofferdam.audit.sealing;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cofferdam.vocabulary.TenantId;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * A record as the log keeps and hashes it. Its bytes: version (1), length of the tenant's name and
 * the name in UTF-8, id of the data key (16 bytes), nonce (12 bytes), ciphertext with its tag. The
 * seal also binds the event's id, so that a record cannot pass for another one.
 *
 * @param tenant whose it is
 * @param keyId the data key
 * @param nonce the nonce
 * @param ciphertext AES-256-GCM of the record's bytes
 */
@SuppressWarnings("ArrayRecordComponent")
public record SealedRecord(TenantId tenant, UUID keyId, byte[] nonce, byte[] ciphertext) {
  private static final byte VERSION = 1;
  private static final int KEY_ID_BYTES = 16;

  /** Seals a record's bytes. */
  public static SealedRecord seal(DataKey key, String eventId, byte[] plain) {
    byte[] nonce = AesGcm.nonce();
    return new SealedRecord(
        key.tenant(),
        key.id(),
        nonce,
        AesGcm.encrypt(key.key(), nonce, associated(key.tenant(), eventId), plain));
  }

  /**
   * Opens it.
   *
   * @throws UnsealableException where key or event are others than those of the seal, or a bit was
   *     changed
   */
  public byte[] open(DataKey key, String eventId) {
    if (!key.id().equals(keyId) || !key.tenant().equals(tenant)) {
      throw new UnsealableException("sealed under another key");
    }
    return AesGcm.decrypt(key.key(), nonce, associated(tenant, eventId), ciphertext);
  }

  /** The bytes that are a leaf of the log. */
  public byte[] encode() {
    byte[] name = tenant.value().getBytes(UTF_8);
    return ByteBuffer.allocate(
            2 + name.length + KEY_ID_BYTES + AesGcm.NONCE_BYTES + ciphertext.length)
        .put(VERSION)
        .put((byte) name.length)
        .put(name)
        .putLong(keyId.getMostSignificantBits())
        .putLong(keyId.getLeastSignificantBits())
        .put(nonce)
        .put(ciphertext)
        .array();
  }

  /**
   * Reads a leaf's bytes.
   *
   * @throws UnsealableException where they are no sealed record
   */
  public static SealedRecord decode(byte[] leaf) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(leaf);
      if (bytes.get() != VERSION) {
        throw new UnsealableException("unknown version of the seal");
      }
      byte[] name = new byte[Byte.toUnsignedInt(bytes.get())];
      bytes.get(name);
      UUID keyId = new UUID(bytes.getLong(), bytes.getLong());
      byte[] nonce = new byte[AesGcm.NONCE_BYTES];
      bytes.get(nonce);
      byte[] ciphertext = new byte[bytes.remaining()];
      bytes.get(ciphertext);
      return new SealedRecord(new TenantId(new String(name, UTF_8)), keyId, nonce, ciphertext);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw new UnsealableException("not a sealed record");
    }
  }

  private static byte[] associated(TenantId tenant, String eventId) {
    // No tenant has a line break in its name, so the two cannot run into each other.
    return (tenant.value() + "\n" + eventId).getBytes(UTF_8);
  }
}
