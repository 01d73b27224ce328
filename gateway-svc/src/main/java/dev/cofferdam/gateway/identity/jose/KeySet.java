package dev.cofferdam.gateway.identity.jose;

import java.nio.charset.StandardCharsets;
import java.security.Key;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.lang.JoseException;

/**
 * The public keys of an issuer by their {@code kid}. Keys without one, of another use or for
 * algorithms that are not allowed are left out, and so are shared secrets.
 */
final class KeySet {
  /** Algorithms that signatures may have. */
  static final Set<String> ALGORITHMS =
      Set.of(
          AlgorithmIdentifiers.RSA_USING_SHA256,
          AlgorithmIdentifiers.RSA_PSS_USING_SHA256,
          AlgorithmIdentifiers.ECDSA_USING_P256_CURVE_AND_SHA256,
          AlgorithmIdentifiers.EDDSA);

  /** Nobody's keys. */
  static final KeySet NONE = new KeySet(Map.of());

  private final Map<String, PublicJsonWebKey> byId;

  private KeySet(Map<String, PublicJsonWebKey> byId) {
    this.byId = byId;
  }

  /**
   * Reads a key set.
   *
   * @throws IllegalArgumentException where the text is none, has no key that could be used, or two
   *     of the same kid
   */
  static KeySet parse(byte[] json) {
    Map<String, PublicJsonWebKey> byId = new HashMap<>();
    try {
      for (JsonWebKey key :
          new JsonWebKeySet(new String(json, StandardCharsets.UTF_8)).getJsonWebKeys()) {
        if (key instanceof PublicJsonWebKey usable
            && verifies(usable)
            && byId.put(usable.getKeyId(), usable) != null) {
          throw new IllegalArgumentException("two keys have the same kid");
        }
      }
    } catch (JoseException | RuntimeException e) {
      throw new IllegalArgumentException("no key set", e);
    }
    if (byId.isEmpty()) {
      throw new IllegalArgumentException("no key that could be used");
    }
    return new KeySet(Map.copyOf(byId));
  }

  private static boolean verifies(PublicJsonWebKey key) {
    return key.getKeyId() != null
        && (key.getUse() == null || "sig".equals(key.getUse()))
        && (key.getKeyOps() == null || key.getKeyOps().contains("verify"))
        && (key.getAlgorithm() == null || ALGORITHMS.contains(key.getAlgorithm()));
  }

  int size() {
    return byId.size();
  }

  boolean has(String kid) {
    return byId.containsKey(kid);
  }

  /** The key of a kid, unless it is for another algorithm. */
  Optional<Key> key(String kid, String algorithm) {
    return Optional.ofNullable(byId.get(kid))
        .filter(key -> key.getAlgorithm() == null || key.getAlgorithm().equals(algorithm))
        .map(PublicJsonWebKey::getPublicKey);
  }
}
