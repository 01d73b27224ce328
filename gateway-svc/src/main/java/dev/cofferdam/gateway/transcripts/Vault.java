package dev.cofferdam.gateway.transcripts;

import dev.cofferdam.vocabulary.TenantId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals transcripts (AES-256-GCM) under keys of which each is one tenant's, and those keys under a
 * master key. What a seal was made for (tenant, request, times) is associated data: a row that was
 * moved to another tenant or request, or whose expiry was changed, opens for nobody. Thread-safe.
 */
public final class Vault {
  /** Fewest bytes of the secret. */
  public static final int SECRET_BYTES_MIN = 32;

  private static final int KEY_BYTES = 32;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  private final SecretKeySpec master;
  private final SecureRandom random = new SecureRandom();

  /**
   * @param secret random bytes that all gateways share
   * @throws IllegalArgumentException where they are too few
   */
  public Vault(byte[] secret) {
    if (secret.length < SECRET_BYTES_MIN) {
      throw new IllegalArgumentException(
          "the secret of transcripts has "
              + secret.length
              + " bytes (expected: at least "
              + SECRET_BYTES_MIN
              + ")");
    }
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret, "HmacSHA256"));
      byte[] key = mac.doFinal("cofferdam/transcripts/v1".getBytes(StandardCharsets.UTF_8));
      this.master = new SecretKeySpec(key, "AES");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK has no HMAC", e);
    }
  }

  /** A new key for a tenant, sealed under the master key. */
  public byte[] newKey(TenantId tenant) {
    byte[] key = new byte[KEY_BYTES];
    random.nextBytes(key);
    try {
      return seal(master, tenant.value().getBytes(StandardCharsets.UTF_8), key);
    } finally {
      Arrays.fill(key, (byte) 0);
    }
  }

  /**
   * A tenant's key.
   *
   * @throws IllegalStateException where it is not the tenant's, or was sealed under another master
   *     key
   */
  public TenantKey open(TenantId tenant, byte[] sealed) {
    byte[] key =
        open(master, tenant.value().getBytes(StandardCharsets.UTF_8), sealed)
            .orElseThrow(
                () -> new IllegalStateException("a tenant's key does not open under the secret"));
    return new TenantKey(tenant, new SecretKeySpec(key, "AES"));
  }

  /** Seals and opens one tenant's transcripts. */
  public final class TenantKey {
    private final TenantId tenant;
    private final SecretKeySpec key;

    private TenantKey(TenantId tenant, SecretKeySpec key) {
      this.tenant = tenant;
      this.key = key;
    }

    /** Seals a transcript's content. */
    public byte[] seal(TranscriptEntry entry, byte[] plain) {
      return Vault.this.seal(key, associated(entry), plain);
    }

    /** The content, where it was sealed by this key for this very entry. */
    public Optional<byte[]> open(TranscriptEntry entry, byte[] sealed) {
      return Vault.open(key, associated(entry), sealed);
    }

    private byte[] associated(TranscriptEntry entry) {
      byte[] id = (tenant.value() + "/" + entry.id().value()).getBytes(StandardCharsets.UTF_8);
      return ByteBuffer.allocate(16 + id.length)
          .putLong(entry.createdEpochMs())
          .putLong(entry.expiresEpochMs())
          .put(id)
          .array();
    }
  }

  private byte[] seal(SecretKeySpec key, byte[] associated, byte[] plain) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    try {
      byte[] content = cipher(Cipher.ENCRYPT_MODE, key, associated, nonce).doFinal(plain);
      return ByteBuffer.allocate(NONCE_BYTES + content.length).put(nonce).put(content).array();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK cannot seal", e);
    }
  }

  private static Optional<byte[]> open(SecretKeySpec key, byte[] associated, byte[] sealed) {
    if (sealed.length < NONCE_BYTES) {
      return Optional.empty();
    }
    byte[] nonce = Arrays.copyOf(sealed, NONCE_BYTES);
    try {
      return Optional.of(
          cipher(Cipher.DECRYPT_MODE, key, associated, nonce)
              .doFinal(sealed, NONCE_BYTES, sealed.length - NONCE_BYTES));
    } catch (GeneralSecurityException e) {
      return Optional.empty();
    }
  }

  private static Cipher cipher(int mode, SecretKeySpec key, byte[] associated, byte[] nonce)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(associated);
    return cipher;
  }
}
