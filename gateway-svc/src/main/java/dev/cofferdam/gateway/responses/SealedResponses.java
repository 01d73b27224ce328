package dev.cofferdam.gateway.responses;

import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.ResponseCache;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.vocabulary.TenantId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Answers by an exact name: HMAC-SHA-256, under a key of the tenant's, over model, adapter version,
 * policy, sampling and input. They lie sealed (AES-256-GCM under another key of the tenant's, the
 * name as associated data), so that the store holds no content, and a slot of another name, another
 * tenant or another hand opens for nobody. A tenant has {@value #SLOTS} slots of {@value
 * #TEXT_BYTES_MAX} bytes at most: names that meet in one replace each other.
 */
public final class SealedResponses implements ResponseCache {
  /** Slots of a tenant. */
  static final int SLOTS = 1024;

  /** Longer answers are not kept. */
  static final int TEXT_BYTES_MAX = 16 << 10;

  /** Fewest bytes of the secret. */
  public static final int SECRET_BYTES_MIN = 32;

  private static final String HMAC = "HmacSHA256";
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  private final SecretKeySpec secret;
  private final ResponseStore store;
  private final SecureRandom random = new SecureRandom();

  /**
   * @param secret random bytes that all gateways share
   * @throws IllegalArgumentException where they are too few
   */
  public SealedResponses(byte[] secret, ResponseStore store) {
    if (secret.length < SECRET_BYTES_MIN) {
      throw new IllegalArgumentException(
          "the secret of responses has "
              + secret.length
              + " bytes (expected: at least "
              + SECRET_BYTES_MIN
              + ")");
    }
    this.secret = new SecretKeySpec(secret, HMAC);
    this.store = store;
  }

  @Override
  public CompletionStage<Optional<Response>> find(Generation generation) {
    byte[] name = name(generation);
    TenantId tenant = generation.identity().tenant().id();
    return store
        .get(tenant, slot(name))
        .thenApply(found -> found.flatMap(bytes -> open(tenant, name, bytes)))
        .exceptionally(storeIsOut -> Optional.empty());
  }

  @Override
  public void keep(Generation generation, Response response) {
    byte[] text = response.text().getBytes(StandardCharsets.UTF_8);
    if (text.length <= TEXT_BYTES_MAX) {
      byte[] name = name(generation);
      TenantId tenant = generation.identity().tenant().id();
      ByteBuffer plain = ByteBuffer.allocate(5 + text.length);
      plain.put((byte) response.reason().ordinal()).putInt(response.outputTokens()).put(text);
      store.put(
          tenant,
          slot(name),
          seal(tenant, name, plain.array()),
          generation.identity().tenant().responseCacheSeconds());
    }
  }

  private byte[] name(Generation g) {
    Mac mac = mac(key(g.identity().tenant().id(), "name"));
    add(mac, g.model().digest());
    add(mac, g.adapter().map(a -> a.version()).orElse(""));
    add(mac, g.identity().tenant().privacy().toString());
    add(mac, g.sampling().withSeed(0).toString());
    add(mac, g.format().stopTokenIds() + " " + g.format().leadingSpaces());
    g.stops().forEach(stop -> add(mac, stop));
    ByteBuffer numbers = ByteBuffer.allocate(8 + 4 * g.promptTokens().length);
    numbers.putInt(g.stops().size()).putInt(g.outputTokensMax());
    for (int token : g.promptTokens()) {
      numbers.putInt(token);
    }
    return mac.doFinal(numbers.array());
  }

  private static void add(Mac mac, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    mac.update(ByteBuffer.allocate(4).putInt(bytes.length).flip());
    mac.update(bytes);
  }

  private static int slot(byte[] name) {
    return Math.floorMod(ByteBuffer.wrap(name).getInt(), SLOTS);
  }

  private byte[] seal(TenantId tenant, byte[] name, byte[] plain) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    try {
      byte[] content = cipher(Cipher.ENCRYPT_MODE, tenant, name, nonce).doFinal(plain);
      return ByteBuffer.allocate(NONCE_BYTES + content.length).put(nonce).put(content).array();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK cannot seal", e);
    }
  }

  private Optional<Response> open(TenantId tenant, byte[] name, byte[] content) {
    try {
      byte[] nonce = Arrays.copyOf(content, NONCE_BYTES);
      ByteBuffer plain =
          ByteBuffer.wrap(
              cipher(Cipher.DECRYPT_MODE, tenant, name, nonce)
                  .doFinal(content, NONCE_BYTES, content.length - NONCE_BYTES));
      Told.Reason reason = Told.Reason.values()[plain.get()];
      int outputTokens = plain.getInt();
      return Optional.of(
          new Response(StandardCharsets.UTF_8.decode(plain).toString(), outputTokens, reason));
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      // Another name's answer in this slot, or something that was never sealed here.
      return Optional.empty();
    }
  }

  private Cipher cipher(int mode, TenantId tenant, byte[] name, byte[] nonce)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    SecretKeySpec key = new SecretKeySpec(key(tenant, "seal"), "AES");
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
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
