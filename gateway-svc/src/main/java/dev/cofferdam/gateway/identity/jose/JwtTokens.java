package dev.cofferdam.gateway.identity.jose;

import dev.cofferdam.gateway.facts.ContentHash;
import dev.cofferdam.gateway.identity.TokenClaims;
import dev.cofferdam.gateway.identity.Tokens;
import dev.cofferdam.vocabulary.TenantId;
import java.nio.charset.StandardCharsets;
import java.security.Key;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jose4j.jwa.AlgorithmConstraints;
import org.jose4j.jwa.AlgorithmConstraints.ConstraintType;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.MalformedClaimException;
import org.jose4j.jwt.NumericDate;
import org.jose4j.jwt.consumer.ErrorCodes;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.jwt.consumer.JwtConsumer;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.jwx.JsonWebStructure;
import org.jose4j.lang.UnresolvableKeyException;

/**
 * Tokens of one issuer: JWTs (RFC 7519) in compact form, signed by RS256, PS256, ES256 or EdDSA
 * with a key of the issuer's set, as RFC 8725 advises. {@code iss}, {@code aud}, {@code exp} and
 * {@code tenant} are required.
 *
 * <p>A header's {@code kid} is a name in that set and nothing else. Headers that bring a key or
 * lead to one, and nested or compressed tokens, are refused.
 */
public final class JwtTokens implements Tokens {
  /** Characters of a token at most. */
  public static final int LENGTH_MAX = 8_192;

  private static final Pattern COMPACT =
      Pattern.compile("[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+");
  private static final Set<String> HEADERS_REFUSED =
      Set.of("jku", "jwk", "x5u", "x5c", "crit", "cty", "zip", "b64");
  private static final int LEEWAY_S = 60;
  private static final int KID_LENGTH_MAX = 256;
  private static final int MODELS_MAX = 1_000;
  private static final int ACTOR_BYTES = 8;
  private static final AlgorithmConstraints ALLOWED =
      new AlgorithmConstraints(ConstraintType.PERMIT, KeySet.ALGORITHMS.toArray(String[]::new));

  private static final Check MALFORMED = new Check.Fails("a text that is no key and no token");
  private static final Check NO_KEY = new Check.Fails("a token whose key is unknown");
  private static final Check EXPIRED = new Check.Fails("a token that is expired");
  private static final Check EARLY = new Check.Fails("a token that is not valid yet");
  private static final Check ELSEWHERE = new Check.Fails("a token of another issuer or audience");
  private static final Check FORGED = new Check.Fails("a token whose signature does not hold");
  private static final Check CLAIMS = new Check.Fails("a token that does not hold");

  private final String issuer;
  private final String audience;
  private final IssuerKeys keys;
  private final Function<TenantId, ContentHash> hashes;
  private final InstantSource clock;

  /**
   * @param issuer what {@code iss} must be
   * @param audience what {@code aud} must be or hold
   * @param hashes keyed by tenant, for the subject in audit records
   */
  public JwtTokens(
      String issuer,
      String audience,
      IssuerKeys keys,
      Function<TenantId, ContentHash> hashes,
      InstantSource clock) {
    this.issuer = issuer;
    this.audience = audience;
    this.keys = keys;
    this.hashes = hashes;
    this.clock = clock;
  }

  @Override
  public Check check(String token) {
    if (token.length() > LENGTH_MAX || !COMPACT.matcher(token).matches()) {
      return MALFORMED;
    }
    try {
      return claims(consumer().processToClaims(token));
    } catch (InvalidJwtException e) {
      return failure(e);
    } catch (MalformedClaimException | RuntimeException e) {
      return CLAIMS;
    }
  }

  /** A consumer is made for one moment. */
  private JwtConsumer consumer() {
    return new JwtConsumerBuilder()
        .setJwsAlgorithmConstraints(ALLOWED)
        .setVerificationKeyResolver((signature, nesting) -> key(signature))
        .setExpectedIssuer(true, issuer)
        .setExpectedAudience(true, audience)
        .setRequireExpirationTime()
        .setIssuedAtRestrictions(LEEWAY_S, Integer.MAX_VALUE)
        .setAllowedClockSkewInSeconds(LEEWAY_S)
        .setEvaluationTime(NumericDate.fromSeconds(clock.instant().getEpochSecond()))
        .build();
  }

  private Key key(JsonWebSignature signature) throws UnresolvableKeyException {
    if (HEADERS_REFUSED.stream().anyMatch(name -> hasHeader(signature, name))) {
      throw new UnresolvableKeyException("a header that is refused");
    }
    String kid = signature.getKeyIdHeaderValue();
    String algorithm = signature.getAlgorithmHeaderValue();
    if (kid == null || kid.length() > KID_LENGTH_MAX || !KeySet.ALGORITHMS.contains(algorithm)) {
      throw new UnresolvableKeyException("no usable kid or algorithm");
    }
    return keys.forKey(kid)
        .key(kid, algorithm)
        .orElseThrow(() -> new UnresolvableKeyException("an unknown kid"));
  }

  private static boolean hasHeader(JsonWebStructure token, String name) {
    return token.getHeaders().getObjectHeaderValue(name) != null;
  }

  private Check claims(JwtClaims claims) throws MalformedClaimException {
    String tenant = claims.getStringClaimValue("tenant");
    if (tenant == null || !TenantId.isValid(tenant)) {
      return CLAIMS;
    }
    TenantId owner = new TenantId(tenant);
    return new Check.Holds(
        new TokenClaims(
            owner,
            Optional.ofNullable(claims.getStringClaimValue("tier")),
            models(claims),
            "jwt:" + HexFormat.of().formatHex(subject(owner, claims), 0, ACTOR_BYTES)));
  }

  /** A subject may be a person's address: nobody without the secret can guess it from its hash. */
  private byte[] subject(TenantId tenant, JwtClaims claims) throws MalformedClaimException {
    String subject = claims.getSubject();
    byte[] bytes = (subject == null ? "" : subject).getBytes(StandardCharsets.UTF_8);
    ContentHash hash = hashes.apply(tenant);
    hash.update(bytes, 0, bytes.length);
    return hash.digest();
  }

  private static Optional<Set<String>> models(JwtClaims claims) throws MalformedClaimException {
    if (!claims.hasClaim("models")) {
      return Optional.empty();
    }
    List<String> names = claims.getStringListClaimValue("models");
    if (names == null || names.size() > MODELS_MAX) {
      throw new MalformedClaimException("models");
    }
    return Optional.of(new HashSet<>(names));
  }

  private static Check failure(InvalidJwtException e) {
    if (e.getCause() instanceof UnresolvableKeyException) {
      return NO_KEY;
    }
    if (e.hasErrorCode(ErrorCodes.SIGNATURE_INVALID)) {
      return FORGED;
    }
    if (e.hasErrorCode(ErrorCodes.ISSUER_INVALID)
        || e.hasErrorCode(ErrorCodes.ISSUER_MISSING)
        || e.hasErrorCode(ErrorCodes.AUDIENCE_INVALID)
        || e.hasErrorCode(ErrorCodes.AUDIENCE_MISSING)) {
      return ELSEWHERE;
    }
    if (e.hasErrorCode(ErrorCodes.EXPIRED)) {
      return EXPIRED;
    }
    if (e.hasErrorCode(ErrorCodes.NOT_YET_VALID)) {
      return EARLY;
    }
    return CLAIMS;
  }
}
