package dev.cofferdam.gateway.facts;

import dev.cofferdam.vocabulary.TenantId;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Keyed hashes of content. A tenant's key is HMAC-SHA-256(secret, "cofferdam/audit-content/v1" ‖
 * tenant id), so that equal texts of two tenants hash differently and nobody without the secret can
 * guess a text from its hash.
 */
public final class AuditKeys {
  /** Fewest bytes of the secret. */
  public static final int SECRET_BYTES_MIN = 32;

  private static final byte[] LABEL = "cofferdam/audit-content/v1".getBytes(StandardCharsets.UTF_8);
  private static final String ALGORITHM = "HmacSHA256";

  private static final int TENANTS_REMEMBERED_MAX = 10_000;

  private final SecretKeySpec secret;

  /** Under the key of a tenant, and as it is at the beginning; only copies of it are used. */
  private final Map<TenantId, Mac> tenants = new ConcurrentHashMap<>();

  /**
   * @param secret random bytes that all gateways share
   * @throws IllegalArgumentException where they are too few
   */
  public AuditKeys(byte[] secret) {
    if (secret.length < SECRET_BYTES_MIN) {
      throw new IllegalArgumentException(
          "the audit secret has "
              + secret.length
              + " bytes (expected: at least "
              + SECRET_BYTES_MIN
              + ")");
    }
    this.secret = new SecretKeySpec(secret, ALGORITHM);
  }

  /** A fresh hash under a tenant's key. */
  public ContentHash contentHash(TenantId tenant) {
    Mac mac = copy(tenants.computeIfAbsent(tenant, this::derived));
    if (tenants.size() > TENANTS_REMEMBERED_MAX) {
      tenants.clear();
    }
    return new ContentHash() {
      @Override
      public void update(byte[] bytes, int offset, int length) {
        mac.update(bytes, offset, length);
      }

      @Override
      public byte[] digest() {
        return mac.doFinal();
      }
    };
  }

  private Mac derived(TenantId tenant) {
    Mac derivation = mac(secret);
    derivation.update(LABEL);
    byte[] key = derivation.doFinal(tenant.value().getBytes(StandardCharsets.UTF_8));
    return mac(new SecretKeySpec(key, ALGORITHM));
  }

  private static Mac copy(Mac fresh) {
    try {
      return (Mac) fresh.clone();
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("the JDK's " + ALGORITHM + " cannot be copied", e);
    }
  }

  private static Mac mac(SecretKeySpec key) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      return mac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK has no " + ALGORITHM, e);
    }
  }
}
