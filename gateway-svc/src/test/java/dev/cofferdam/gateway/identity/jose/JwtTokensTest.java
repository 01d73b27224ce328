package dev.cofferdam.gateway.identity.jose;

import static dev.cofferdam.gateway.identity.jose.SampleIssuer.NOW_S;
import static dev.cofferdam.gateway.identity.jose.SampleIssuer.claims;
import static dev.cofferdam.gateway.identity.jose.SampleIssuer.claimsWithout;
import static dev.cofferdam.gateway.identity.jose.SampleIssuer.json;
import static dev.cofferdam.gateway.identity.jose.SampleIssuer.key;
import static dev.cofferdam.gateway.identity.jose.SampleIssuer.token;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.facts.RecordedFacts;
import dev.cofferdam.gateway.identity.TokenClaims;
import dev.cofferdam.gateway.identity.Tokens.Check;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jose4j.keys.HmacKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class JwtTokensTest {
  private static final String NO_TOKEN = "a text that is no key and no token";
  private static final String NO_KEY = "a token whose key is unknown";
  private static final String FORGED = "a token whose signature does not hold";
  private static final String ELSEWHERE = "a token of another issuer or audience";
  private static final String EXPIRED = "a token that is expired";
  private static final String BAD = "a token that does not hold";

  private final IssuerKeys keys =
      new IssuerKeys(
          () -> SampleIssuer.jwks("RS256", "PS256", "ES256", "ES384", "EdDSA"),
          Duration.ofSeconds(10),
          Runnable::run,
          () -> Instant.ofEpochSecond(NOW_S));
  private final JwtTokens tokens =
      new JwtTokens(
          SampleIssuer.ISSUER,
          SampleIssuer.AUDIENCE,
          keys,
          new RecordedFacts()::contentHash,
          () -> Instant.ofEpochSecond(NOW_S));

  @ParameterizedTest
  @ValueSource(strings = {"RS256", "PS256", "ES256", "EdDSA"})
  void aTokenOfAnAllowedAlgorithmHolds(String algorithm) {
    TokenClaims claims = holds(token(algorithm, claims()));

    assertThat(claims.tenant().value()).isEqualTo("acme");
    assertThat(claims.tier()).isEmpty();
    assertThat(claims.models()).isEmpty();
  }

  @Test
  void tierAndModelsAreRead() {
    Map<String, Object> said = claims("tier", "standard");
    said.put("models", List.of("a", "b"));

    TokenClaims claims = holds(token("ES256", said));

    assertThat(claims.tier()).contains("standard");
    assertThat(claims.models().orElseThrow()).containsExactlyInAnyOrder("a", "b");
  }

  @Test
  void theActorIsAHashOfTheSubjectUnderTheTenantsKey() {
    assertThat(holds(token("ES256", claims())).actor())
        .matches("jwt:[0-9a-f]{16}")
        .isNotEqualTo(holds(token("ES256", claims("sub", "another"))).actor())
        .isNotEqualTo(holds(token("ES256", claims("tenant", "rival"))).actor());
  }

  static Stream<Arguments> tokensThatHoldByAHair() {
    return Stream.of(
        Arguments.of("expired within the leeway", claims("exp", NOW_S - 59)),
        Arguments.of("not valid before the leeway's end", claims("nbf", NOW_S + 60)),
        Arguments.of("issued within the leeway", claims("iat", NOW_S + 60)),
        Arguments.of("issued a year ago", claims("iat", NOW_S - 31_536_000)),
        Arguments.of("one audience of several", claims("aud", List.of("else", "cofferdam"))),
        Arguments.of("no subject", claimsWithout("sub")),
        Arguments.of("no model at all", claims("models", List.of())));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource
  void tokensThatHoldByAHair(String name, Map<String, Object> claims) {
    assertThat(tokens.check(token("ES256", claims))).isInstanceOf(Check.Holds.class);
  }

  static Stream<Arguments> tokensWhoseClaimsDoNotHold() {
    return Stream.of(
        Arguments.of("no issuer", claimsWithout("iss"), ELSEWHERE),
        Arguments.of("another issuer", claims("iss", "https://issuer.example/"), ELSEWHERE),
        Arguments.of("issuer of another type", claims("iss", 5), BAD),
        Arguments.of("no audience", claimsWithout("aud"), ELSEWHERE),
        Arguments.of("another audience", claims("aud", "cofferdam2"), ELSEWHERE),
        Arguments.of("an empty list of audiences", claims("aud", List.of()), ELSEWHERE),
        Arguments.of("no expiry", claimsWithout("exp"), BAD),
        Arguments.of("expired", claims("exp", NOW_S - 61), EXPIRED),
        Arguments.of("expiry as a text", claims("exp", "never"), BAD),
        Arguments.of("not valid yet", claims("nbf", NOW_S + 62), "a token that is not valid yet"),
        Arguments.of("issued in the future", claims("iat", NOW_S + 130), BAD),
        Arguments.of("no tenant", claimsWithout("tenant"), BAD),
        Arguments.of("a tenant that is no id", claims("tenant", "ACME"), BAD),
        Arguments.of("a tenant with a line end", claims("tenant", "acme\n"), BAD),
        Arguments.of("tenants in a list", claims("tenant", List.of("acme")), BAD),
        Arguments.of("a tier that is no text", claims("tier", 1), BAD),
        Arguments.of("models that are no list", claims("models", "a"), BAD),
        Arguments.of("models that are no texts", claims("models", List.of(1)), BAD));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource
  void tokensWhoseClaimsDoNotHold(String name, Map<String, Object> claims, String reason) {
    assertThat(fails(token("ES256", claims))).isEqualTo(reason);
  }

  static Stream<Arguments> tokensThatAreForged() {
    String payload = json(claims());
    byte[] rsa = key("RS256").getPublicKey().getEncoded();
    byte[] pem =
        ("-----BEGIN PUBLIC KEY-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(rsa)
                + "\n-----END PUBLIC KEY-----\n")
            .getBytes(StandardCharsets.UTF_8);
    return Stream.of(
        Arguments.of(
            "HMAC with the public key as secret",
            token(Map.of("kid", "RS256"), "HS256", new HmacKey(rsa), payload),
            NO_KEY),
        Arguments.of(
            "HMAC with the public key's PEM as secret",
            token(Map.of("kid", "RS256"), "HS256", new HmacKey(pem), payload),
            NO_KEY),
        Arguments.of(
            "no signature", token(Map.of("kid", "RS256"), "none", null, payload), NO_TOKEN),
        Arguments.of(
            "alg none over a signature",
            encoded("{\"alg\":\"none\",\"kid\":\"ES256\"}") + "." + encoded(payload) + ".AAAA",
            NO_KEY),
        Arguments.of("an algorithm that is not allowed", token("ES384", claims()), NO_KEY),
        Arguments.of(
            "RS512 with the right key",
            token(Map.of("kid", "RS256"), "RS512", key("RS256").getPrivateKey(), payload),
            NO_KEY),
        Arguments.of(
            "PS256 with a key for RS256",
            token(Map.of("kid", "RS256"), "PS256", key("RS256").getPrivateKey(), payload),
            NO_KEY),
        Arguments.of(
            "ES256 with the kid of an EdDSA key",
            token(Map.of("kid", "EdDSA"), "ES256", key("ES256").getPrivateKey(), payload),
            BAD),
        Arguments.of(
            "a key of nobody under a known kid",
            token(Map.of("kid", "ES256"), "ES256", key("next").getPrivateKey(), payload),
            FORGED),
        Arguments.of(
            "an unknown kid",
            token(Map.of("kid", "next"), "ES256", key("next").getPrivateKey(), payload),
            NO_KEY),
        Arguments.of(
            "no kid", token(Map.of(), "ES256", key("ES256").getPrivateKey(), payload), NO_KEY),
        withHeader("kid", "../../../dev/null"),
        withHeader("kid", "file:///etc/passwd"),
        withHeader("kid", "https://attacker.example/jwks"),
        withHeader("kid", "x".repeat(300)),
        withHeader("jku", "https://attacker.example/jwks"),
        withHeader("x5u", "https://attacker.example/x5u"),
        withHeader(
            "jwk", key("next").toParams(org.jose4j.jwk.JsonWebKey.OutputControlLevel.PUBLIC_ONLY)),
        withHeader("x5c", List.of("AAAA")),
        withHeader("cty", "JWT"),
        withHeader("zip", "DEF"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource
  void tokensThatAreForged(String name, String token, String reason) {
    assertThat(fails(token)).isEqualTo(reason);
  }

  @Test
  void aCriticalHeaderThatIsNotUnderstoodIsRefused() {
    Map<String, Object> headers = Map.of("kid", "ES256", "crit", List.of("more"), "more", 1);

    assertThat(tokens.check(token(headers, "ES256", key("ES256").getPrivateKey(), json(claims()))))
        .isInstanceOf(Check.Fails.class);
  }

  @Test
  void claimsAndHeadersThatAreThereTwiceAreRefused() {
    String twice = json(claims()).replace("{", "{\"tenant\":\"bell\",");
    String headers = encoded("{\"alg\":\"none\",\"alg\":\"ES256\",\"kid\":\"ES256\"}");

    assertThat(fails(token(Map.of("kid", "ES256"), "ES256", key("ES256").getPrivateKey(), twice)))
        .isEqualTo(BAD);
    assertThat(fails(headers + "." + encoded(json(claims())) + ".AAAA")).isEqualTo(BAD);
  }

  @Test
  void aTokenWhosePayloadWasChangedIsRefused() {
    String[] parts = token("EdDSA", claims()).split("\\.");

    assertThat(fails(parts[0] + "." + encoded(json(claims("tenant", "bell"))) + "." + parts[2]))
        .isEqualTo(FORGED);
  }

  @Test
  void whatIsTooLongIsNotReadAtAll() {
    Map<String, Object> claims = claims("more", "x".repeat(JwtTokens.LENGTH_MAX));

    assertThat(fails(token("ES256", claims))).isEqualTo(NO_TOKEN);
    assertThat(fails("a".repeat(1 << 24))).isEqualTo(NO_TOKEN);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d.e",
        "a..c",
        "ä.b.c",
        "a.b.c ",
        "e30.e30.e30",
        "=.=.="
      })
  void textsThatAreNoTokensAreRefused(String text) {
    assertThat(tokens.check(text)).isInstanceOf(Check.Fails.class);
  }

  @Test
  void deepJsonIsRefused() {
    String deep = "{\"a\":" + "[".repeat(4_000);

    assertThat(fails(token(Map.of("kid", "ES256"), "ES256", key("ES256").getPrivateKey(), deep)))
        .isEqualTo(BAD);
  }

  private static Arguments withHeader(String name, Object value) {
    Map<String, Object> headers = new java.util.HashMap<>(Map.of("kid", "ES256"));
    headers.put(name, value);
    String shown = String.valueOf(value);
    return Arguments.of(
        "header " + name + " " + shown.substring(0, Math.min(40, shown.length())),
        token(headers, "ES256", key("ES256").getPrivateKey(), json(claims())),
        name.equals("cty") ? BAD : NO_KEY);
  }

  private static String encoded(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private TokenClaims holds(String token) {
    keys.refresh();
    return ((Check.Holds) tokens.check(token)).claims();
  }

  private String fails(String token) {
    return ((Check.Fails) tokens.check(token)).reason();
  }
}
