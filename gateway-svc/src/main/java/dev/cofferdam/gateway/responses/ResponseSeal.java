package dev.cofferdam.gateway.responses;

import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.vocabulary.TenantId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Names and seals of kept answers, all under keys of the tenant's that are derived from one secret.
 * A name is HMAC-SHA-256; a seal is AES-256-GCM with the name as associated data, so that content
 * of another name, another tenant or another hand opens for nobody. Thread-safe.
 */
public final class ResponseSeal {
  /** Fewest bytes of the secret. */
  public static final int SECRET_BYTES_MIN = 32;

  private static final String HMAC = "HmacSHA256";
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  private final SecretKeySpec secret;
  private final SecureRandom random = new SecureRandom();

  /**
   * @param secret random bytes that all gateways share
   * @throws IllegalArgumentException where they are too few
   */
  public ResponseSeal(byte[] secret) {
    if (secret.length < SECRET_BYTES_MIN) {
      throw new IllegalArgumentException(
          "the secret of responses has "
              + secret.length
              + " bytes (expected: at least "
              + SECRET_BYTES_MIN
              + ")");
    }
    this.secret = new SecretKeySpec(secret, HMAC);
  }

  /** The name of an input: model, adapter version, policy, sampling, stop texts and tokens. */
  byte[] name(Generation g) {
    Mac mac = mac(key(g.identity().tenant().id(), "name"));
    request(mac, g);
    ByteBuffer numbers = ByteBuffer.allocate(8 + 4 * g.promptTokens().length);
    numbers.putInt(g.stops().size()).putInt(g.outputTokensMax());
    for (int token : g.promptTokens()) {
      numbers.putInt(token);
    }
    return mac.doFinal(numbers.array());
  }

  /** The name of all inputs that are the same but for how the question is worded. */
  byte[] kind(Generation g, List<String> rest) {
    Mac mac = mac(key(g.identity().tenant().id(), "kind"));
    request(mac, g);
    rest.forEach(text -> add(mac, text));
    return mac.doFinal(
        ByteBuffer.allocate(12)
            .putInt(g.stops().size())
            .putInt(g.outputTokensMax())
            .putInt(rest.size())
            .array());
  }

  private static void request(Mac mac, Generation g) {
    add(mac, g.model().digest());
    add(mac, g.adapter().map(a -> a.version()).orElse(""));
    add(mac, g.identity().tenant().privacy().toString());
    add(mac, g.sampling().withSeed(0).toString());
    add(mac, g.format().stopTokenIds() + " " + g.format().leadingSpaces());
    g.stops().forEach(stop -> add(mac, stop));
  }

  private static void add(Mac mac, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    mac.update(ByteBuffer.allocate(4).putInt(bytes.length).flip());
    mac.update(bytes);
  }

  /**
   * Seals content.
   *
   * @param purpose what it is; a key of its own
   * @param name its name, which is needed to open it
   */
  byte[] seal(TenantId tenant, String purpose, byte[] name, byte[] plain) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    try {
      byte[] content =
          cipher(Cipher.ENCRYPT_MODE, key(tenant, purpose), name, nonce).doFinal(plain);
      return ByteBuffer.allocate(NONCE_BYTES + content.length).put(nonce).put(content).array();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK cannot seal", e);
    }
  }

  /** What was sealed; empty where it was not sealed so. */
  Optional<ByteBuffer> open(TenantId tenant, String purpose, byte[] name, byte[] content) {
    if (content.length < NONCE_BYTES) {
      return Optional.empty();
    }
    try {
      byte[] nonce = Arrays.copyOf(content, NONCE_BYTES);
      return Optional.of(
          ByteBuffer.wrap(
              cipher(Cipher.DECRYPT_MODE, key(tenant, purpose), name, nonce)
                  .doFinal(content, NONCE_BYTES, content.length - NONCE_BYTES)));
    } catch (GeneralSecurityException e) {
      // Another name's content in this place, or something that was never sealed here.
      return Optional.empty();
    }
  }

  private static Cipher cipher(int mode, byte[] key, byte[] name, byte[] nonce)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(name);
    return cipher;
  }

  private byte[] key(TenantId tenant, String purpose) {
    Mac mac = mac(secret.getEncoded());
    add(mac, "cofferdam/responses/v1");
    add(mac, purpose);
    add(mac, tenant.value());
    return mac.doFinal();
  }

  private static Mac mac(byte[] key) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(new SecretKeySpec(key, HMAC));
      return mac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK has no " + HMAC, e);
    }
  }
}
