package dev.cofferdam.verification;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.EdECPublicKey;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * An issuer of tokens that the mesh trusts: JWTs signed with Ed25519 (RFC 8037), whose public keys
 * are in a file that the gateway reads.
 */
public final class TokenIssuer {
  private static final String ISSUER = "https://issuer.example";
  private static final String AUDIENCE = "cofferdam";
  private static final int KEY_BYTES = 32;

  private final Path file;
  private final Map<String, KeyPair> keys = new LinkedHashMap<>();

  /** An issuer with one key, named "first". */
  public TokenIssuer(Path file) {
    this.file = file;
    keys.put("first", newKey());
    publish("first");
  }

  /** The settings of a gateway that trusts it. */
  public Map<String, String> gatewaySettings() {
    return Map.of(
        "cofferdam.jwt.issuer",
        ISSUER,
        "cofferdam.jwt.audience",
        AUDIENCE,
        "cofferdam.jwt.jwks",
        file.toString(),
        "cofferdam.jwt.refresh-s",
        "1",
        "cofferdam.jwt.unknown-key-refresh-s",
        "1");
  }

  private static KeyPair newKey() {
    try {
      return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Says which keys are the issuer's now; new names get new keys. */
  public void publish(String... kids) {
    String set =
        Arrays.stream(kids)
            .map(
                kid ->
                    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\""
                        + kid
                        + "\",\"x\":\""
                        + base64(encoded((EdECPublicKey) pair(kid).getPublic()))
                        + "\"}")
            .collect(Collectors.joining(",", "{\"keys\":[", "]}"));
    try {
      Path next = file.resolveSibling(file.getFileName() + ".next");
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.writeString(next, set);
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private KeyPair pair(String kid) {
    return keys.computeIfAbsent(kid, unused -> newKey());
  }

  /** RFC 8032, section 5.1.2: y little-endian, and the sign of x in the highest bit. */
  private static byte[] encoded(EdECPublicKey key) {
    byte[] bytes = new byte[KEY_BYTES];
    BigInteger y = key.getPoint().getY();
    for (int i = 0; i < KEY_BYTES; i++) {
      bytes[i] = y.shiftRight(8 * i).byteValue();
    }
    if (key.getPoint().isXOdd()) {
      bytes[KEY_BYTES - 1] |= (byte) 0x80;
    }
    return bytes;
  }

  /**
   * A token of a tenant.
   *
   * @param kid the key's name; one that was never published makes a token that nobody trusts
   * @param expires when it ends
   */
  public String token(String kid, String tenant, Instant expires) {
    String head = "{\"alg\":\"EdDSA\",\"kid\":\"" + kid + "\"}";
    String claims =
        "{\"iss\":\""
            + ISSUER
            + "\",\"aud\":\""
            + AUDIENCE
            + "\",\"exp\":"
            + expires.getEpochSecond()
            + ",\"sub\":\"somebody\",\"tenant\":\""
            + tenant
            + "\"}";
    String signed = base64(head) + "." + base64(claims);
    try {
      Signature signature = Signature.getInstance("Ed25519");
      signature.initSign(pair(kid).getPrivate());
      signature.update(signed.getBytes(StandardCharsets.US_ASCII));
      return signed + "." + base64(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String base64(String text) {
    return base64(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
