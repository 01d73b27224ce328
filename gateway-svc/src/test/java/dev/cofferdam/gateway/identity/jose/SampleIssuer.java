package dev.cofferdam.gateway.identity.jose;

import java.nio.charset.StandardCharsets;
import java.security.Key;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jose4j.jwa.AlgorithmConstraints;
import org.jose4j.jwk.EcJwkGenerator;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.OctetKeyPairJsonWebKey;
import org.jose4j.jwk.OkpJwkGenerator;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.keys.EllipticCurves;
import org.jose4j.lang.JoseException;

/** An issuer for tests: a key for each algorithm, named after it, and tokens of any shape. */
final class SampleIssuer {
  static final String ISSUER = "https://issuer.example";
  static final String AUDIENCE = "cofferdam";
  static final long NOW_S = 1_800_000_000L;

  private static final Map<String, PublicJsonWebKey> KEYS = keys();

  private SampleIssuer() {}

  static PublicJsonWebKey key(String kid) {
    return java.util.Objects.requireNonNull(KEYS.get(kid), kid);
  }

  /** The public halves of these keys. */
  static byte[] jwks(String... kids) {
    List<JsonWebKey> keys = new ArrayList<>();
    for (String kid : kids) {
      keys.add(key(kid));
    }
    return new JsonWebKeySet(keys)
        .toJson(JsonWebKey.OutputControlLevel.PUBLIC_ONLY)
        .getBytes(StandardCharsets.UTF_8);
  }

  /** The claims of a token that holds. */
  static Map<String, Object> claims() {
    Map<String, Object> claims = new LinkedHashMap<>();
    claims.put("iss", ISSUER);
    claims.put("aud", AUDIENCE);
    claims.put("exp", NOW_S + 300);
    claims.put("sub", "someone");
    claims.put("tenant", "acme");
    return claims;
  }

  static Map<String, Object> claims(String name, Object value) {
    Map<String, Object> claims = claims();
    claims.put(name, value);
    return claims;
  }

  static Map<String, Object> claimsWithout(String name) {
    Map<String, Object> claims = claims();
    claims.remove(name);
    return claims;
  }

  /** A token of these claims by the algorithm's own key. */
  static String token(String algorithm, Map<String, Object> claims) {
    return token(Map.of("kid", algorithm), algorithm, key(algorithm).getPrivateKey(), json(claims));
  }

  static String json(Map<String, Object> claims) {
    return org.jose4j.json.JsonUtil.toJson(claims);
  }

  /** A token of any headers and payload. */
  static String token(Map<String, Object> headers, String algorithm, Key key, String payload) {
    try {
      JsonWebSignature signature = new JsonWebSignature();
      signature.setAlgorithmConstraints(AlgorithmConstraints.NO_CONSTRAINTS);
      signature.setDoKeyValidation(false);
      headers.forEach(signature.getHeaders()::setObjectHeaderValue);
      signature.setAlgorithmHeaderValue(algorithm);
      signature.setPayload(payload);
      signature.setKey(key);
      return signature.getCompactSerialization();
    } catch (JoseException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Map<String, PublicJsonWebKey> keys() {
    try {
      Map<String, PublicJsonWebKey> keys = new LinkedHashMap<>();
      keys.put("RS256", RsaJwkGenerator.generateJwk(2048));
      keys.put("PS256", RsaJwkGenerator.generateJwk(2048));
      keys.put("ES256", EcJwkGenerator.generateJwk(EllipticCurves.P256));
      keys.put("ES384", EcJwkGenerator.generateJwk(EllipticCurves.P384));
      keys.put("EdDSA", OkpJwkGenerator.generateJwk(OctetKeyPairJsonWebKey.SUBTYPE_ED25519));
      keys.put("next", EcJwkGenerator.generateJwk(EllipticCurves.P256));
      keys.forEach((kid, key) -> key.setKeyId(kid));
      keys.get("RS256").setAlgorithm("RS256");
      keys.get("PS256").setAlgorithm("PS256");
      return keys;
    } catch (JoseException e) {
      throw new IllegalStateException(e);
    }
  }
}
