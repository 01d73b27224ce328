package dev.cofferdam.audit.sealing;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cofferdam.vocabulary.TenantId;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.UUID;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/** Wraps data keys under one AES-256 key: nonce, then AES-GCM bound to key id and tenant. */
public final class MasterKey implements KeyEncryption {
  /** Length of the key in bytes. */
  public static final int BYTES = 32;

  private final SecretKey key;

  /**
   * @param key {@link #BYTES} random bytes
   */
  public MasterKey(byte[] key) {
    if (key.length != BYTES) {
      throw new IllegalArgumentException("the master key has 32 bytes");
    }
    this.key = new SecretKeySpec(key, "AES");
  }

  @Override
  public byte[] wrap(DataKey data) {
    byte[] nonce = AesGcm.nonce();
    byte[] sealed =
        AesGcm.encrypt(key, nonce, associated(data.id(), data.tenant()), data.key().getEncoded());
    return ByteBuffer.allocate(nonce.length + sealed.length).put(nonce).put(sealed).array();
  }

  @Override
  public DataKey unwrap(UUID id, TenantId tenant, byte[] wrapped) {
    if (wrapped.length <= AesGcm.NONCE_BYTES) {
      throw new UnsealableException("not a wrapped key");
    }
    byte[] nonce = Arrays.copyOf(wrapped, AesGcm.NONCE_BYTES);
    byte[] sealed = Arrays.copyOfRange(wrapped, AesGcm.NONCE_BYTES, wrapped.length);
    byte[] plain = AesGcm.decrypt(key, nonce, associated(id, tenant), sealed);
    return new DataKey(id, tenant, new SecretKeySpec(plain, "AES"));
  }

  private static byte[] associated(UUID id, TenantId tenant) {
    return (id + "\n" + tenant.value()).getBytes(UTF_8);
  }
}
