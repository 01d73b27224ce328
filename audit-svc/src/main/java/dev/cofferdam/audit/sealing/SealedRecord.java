package dev.cofferdam.audit.sealing;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cofferdam.vocabulary.TenantId;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;

/**
 * A record as the log keeps and hashes it. Its bytes: version (1), length of the tenant's name and
 * the name in UTF-8, severity (1), milliseconds since the epoch (8), id of the data key (16 bytes),
 * nonce (12 bytes), ciphertext with its tag. The seal also binds all in front of the nonce and the
 * event's id, so that a record cannot pass for another one. Version 1, which is still read, has
 * neither severity nor time and binds the tenant and the event's id.
 *
 * @param tenant whose it is
 * @param label what it is found by; empty in version 1
 * @param keyId the data key
 * @param nonce the nonce
 * @param ciphertext AES-256-GCM of the record's bytes
 */
@SuppressWarnings("ArrayRecordComponent")
public record SealedRecord(
    TenantId tenant, Optional<Label> label, UUID keyId, byte[] nonce, byte[] ciphertext) {
  private static final byte UNLABELLED = 1;
  private static final byte LABELLED = 2;
  private static final int LABEL_BYTES = 1 + Long.BYTES;
  private static final int KEY_ID_BYTES = 16;

  /**
   * What a record is found by, and what says how long it is kept; readable without a key.
   *
   * @param severity 0 to 3
   * @param occurredMs milliseconds since the epoch
   */
  public record Label(int severity, long occurredMs) {}

  /** Seals a record's bytes. */
  public static SealedRecord seal(DataKey key, String eventId, Label label, byte[] plain) {
    byte[] nonce = AesGcm.nonce();
    byte[] head = head(key.tenant(), Optional.of(label), key.id());
    return new SealedRecord(
        key.tenant(),
        Optional.of(label),
        key.id(),
        nonce,
        AesGcm.encrypt(key.key(), nonce, joined(head, eventId), plain));
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
    // No tenant has a line break in its name, so the two cannot run into each other.
    byte[] associated =
        label.isPresent()
            ? joined(head(tenant, label, keyId), eventId)
            : (tenant.value() + "\n" + eventId).getBytes(UTF_8);
    return AesGcm.decrypt(key.key(), nonce, associated, ciphertext);
  }

  /** The bytes that are a leaf of the log. */
  public byte[] encode() {
    byte[] head = head(tenant, label, keyId);
    return ByteBuffer.allocate(head.length + AesGcm.NONCE_BYTES + ciphertext.length)
        .put(head)
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
      byte version = bytes.get();
      if (version != UNLABELLED && version != LABELLED) {
        throw new UnsealableException("unknown version of the seal");
      }
      byte[] name = new byte[Byte.toUnsignedInt(bytes.get())];
      bytes.get(name);
      Optional<Label> label =
          version == LABELLED
              ? Optional.of(new Label(bytes.get(), bytes.getLong()))
              : Optional.empty();
      UUID keyId = new UUID(bytes.getLong(), bytes.getLong());
      byte[] nonce = new byte[AesGcm.NONCE_BYTES];
      bytes.get(nonce);
      byte[] ciphertext = new byte[bytes.remaining()];
      bytes.get(ciphertext);
      TenantId tenant = new TenantId(new String(name, UTF_8));
      return new SealedRecord(tenant, label, keyId, nonce, ciphertext);
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw new UnsealableException("not a sealed record");
    }
  }

  private static byte[] head(TenantId tenant, Optional<Label> label, UUID keyId) {
    byte[] name = tenant.value().getBytes(UTF_8);
    int length = 2 + name.length + (label.isPresent() ? LABEL_BYTES : 0) + KEY_ID_BYTES;
    ByteBuffer head = ByteBuffer.allocate(length);
    head.put(label.isPresent() ? LABELLED : UNLABELLED).put((byte) name.length).put(name);
    label.ifPresent(known -> head.put((byte) known.severity()).putLong(known.occurredMs()));
    return head.putLong(keyId.getMostSignificantBits())
        .putLong(keyId.getLeastSignificantBits())
        .array();
  }

  private static byte[] joined(byte[] head, String eventId) {
    byte[] id = eventId.getBytes(UTF_8);
    return ByteBuffer.allocate(head.length + id.length).put(head).put(id).array();
  }
}
