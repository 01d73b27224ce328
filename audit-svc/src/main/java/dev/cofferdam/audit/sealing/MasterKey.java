package dev.cofferdam.audit.sealing;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.cofferdam.vocabulary.TenantId;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.UUID;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/** Wraps data keys under one AES-256 key: nonce, then AES-GCM bound to key id and tenant. */
public final class MasterKey implements KeyEncryption {
  /** Length of the key in bytes. */
  public static final int BYTES = 32;

  private final SecretKey key;
  private final String id;

  /**
   * @param key {@link #BYTES} random bytes
   */
  public MasterKey(byte[] key) {
    if (key.length != BYTES) {
      throw new IllegalArgumentException("the master key has 32 bytes");
    }
    this.key = new SecretKeySpec(key, "AES");
    this.id = "local:" + fingerprint(key);
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public byte[] wrap(DataKey data) {
    byte[] nonce = AesGcm.nonce();
    byte[] sealed =
        AesGcm.encrypt(
            key,
            nonce,
            KeyEncryption.associated(data.id(), data.tenant()),
            data.key().getEncoded());
    return ByteBuffer.allocate(nonce.length + sealed.length).put(nonce).put(sealed).array();
  }

  @Override
  public DataKey unwrap(UUID id, TenantId tenant, byte[] wrapped) {
    if (wrapped.length <= AesGcm.NONCE_BYTES) {
      throw new UnsealableException("not a wrapped key");
    }
    byte[] nonce = Arrays.copyOf(wrapped, AesGcm.NONCE_BYTES);
    byte[] sealed = Arrays.copyOfRange(wrapped, AesGcm.NONCE_BYTES, wrapped.length);
    byte[] plain = AesGcm.decrypt(key, nonce, KeyEncryption.associated(id, tenant), sealed);
    return new DataKey(id, tenant, new SecretKeySpec(plain, "AES"));
  }

  /** The begin of a hash over the key, from which nothing of it can be told. */
  private static String fingerprint(byte[] key) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update("cofferdam key-encryption key\n".getBytes(UTF_8));
      return HexFormat.of().formatHex(digest.digest(key), 0, 8);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK has no SHA-256", e);
    }
  }
}
