package dev.cofferdam.gateway.identity;

import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.tenancy.KeyVerifier;
import dev.cofferdam.gateway.tenancy.Tenants;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import java.security.MessageDigest;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Tenants by API key, by token, by certificate, or by several of them, which then must agree. What
 * a request claims about its tenant is compared with what was proven and decides nothing else.
 *
 * <p>A key that is unknown costs the same work as one that is known: one hash, one comparison of
 * equal length. All ways in which a key does not hold answer the same.
 */
public final class TenantAuthenticator implements Authenticator {
  private static final int KEY_LENGTH_MAX = 128;
  private static final byte[] NO_VERIFIER = new byte[32];

  private static final Refusal NO_IDENTITY =
      Refusal.of(
          ErrorCode.UNAUTHENTICATED,
          "an API key (authorization: Bearer cdm_…) or a tenant's client certificate is needed");
  private static final Refusal BAD_KEY =
      Refusal.of(ErrorCode.UNAUTHENTICATED, "the API key or token is not valid");
  private static final Refusal NO_MODEL =
      Refusal.of(ErrorCode.NOT_ALLOWED, "the token names no model that its tenant may use");
  private static final Refusal UNKNOWN_TENANT =
      Refusal.of(ErrorCode.UNAUTHENTICATED, "the identity belongs to no tenant");
  private static final Refusal CERTIFICATE_NEEDED =
      Refusal.of(
          ErrorCode.UNAUTHENTICATED, "this tenant needs its client certificate beside the API key");
  private static final Refusal SUSPENDED =
      Refusal.of(ErrorCode.TENANT_SUSPENDED, "the tenant is suspended");
  private static final Refusal MISMATCH =
      Refusal.of(ErrorCode.IDENTITY_MISMATCH, "the request's identities name different tenants");

  private final String trustDomain;
  private final Tenants tenants;
  private final Predicate<String> openModels;
  private final Tokens tokens;
  private final IdentityFacts facts;
  private final InstantSource clock;

  /**
   * @param trustDomain certificates of other trust domains are nobody's
   * @param tenants tenants and keys in force
   * @param openModels whether a model may be used by tenants that name none
   * @param tokens tokens that are trusted
   * @param facts where what was refused is recorded
   * @param clock for the keys' expiry
   */
  public TenantAuthenticator(
      String trustDomain,
      Tenants tenants,
      Predicate<String> openModels,
      Tokens tokens,
      IdentityFacts facts,
      InstantSource clock) {
    this.trustDomain = trustDomain;
    this.tenants = tenants;
    this.openModels = openModels;
    this.tokens = tokens;
    this.facts = facts;
    this.clock = clock;
  }

  @Override
  public Authentication authenticate(Credentials credentials) {
    return decide(Optional.empty(), credentials);
  }

  @Override
  public Authentication authenticate(RequestId request, Credentials credentials) {
    return decide(Optional.of(request), credentials);
  }

  private Authentication decide(Optional<RequestId> request, Credentials credentials) {
    Optional<KeyVerifier> key = credentials.bearerKey().flatMap(this::verified);
    if (credentials.bearerKey().isPresent() && key.isEmpty()) {
      return refused(request, credentials, BAD_KEY, keyDetail(credentials));
    }
    Optional<TokenClaims> token = Optional.empty();
    if (credentials.token().isPresent()) {
      switch (tokens.check(credentials.token().get())) {
        case Tokens.Check.Holds holds -> token = Optional.of(holds.claims());
        case Tokens.Check.Fails fails -> {
          return refused(request, credentials, BAD_KEY, fails.reason());
        }
      }
    }
    Shown shown = new Shown(key, token, certificate(credentials));
    Optional<TenantId> tenant = shown.tenant();
    return tenant.isEmpty()
        ? refused(request, credentials, NO_IDENTITY, certificateDetail(credentials))
        : decide(
            shown,
            new Proven(request, tenant.get(), shown.actor(), credentials.sourceIp()),
            credentials);
  }

  private Authentication decide(Shown shown, Proven who, Credentials credentials) {
    Optional<TenantProfile> tenant = tenants.tenant(who.tenant());
    String tier = tenant.map(t -> t.tier().label()).orElse("");
    Optional<String> disagreement =
        shown
            .disagreement(who.tenant())
            .or(() -> credentials.claimedTenant().flatMap(c -> claimDetail(c, who.tenant())))
            .or(() -> tenant.flatMap(t -> shown.token().flatMap(claims -> tierDetail(claims, t))));
    if (disagreement.isPresent()) {
      return violation(who, tier, disagreement.get());
    }
    if (tenant.isEmpty()) {
      return refused(who, tier, UNKNOWN_TENANT);
    }
    if (tenant.get().status() == TenantProfile.Status.SUSPENDED) {
      return refused(who, tier, SUSPENDED);
    }
    if (tenant.get().clientCertificateRequired() && shown.certificate().isEmpty()) {
      return refused(who, tier, CERTIFICATE_NEEDED);
    }
    Optional<TenantProfile> profile =
        shown.token().flatMap(TokenClaims::models).isPresent()
            ? narrowed(tenant.get(), shown.token().get().models().get())
            : tenant;
    return profile.isEmpty()
        ? refused(who, tier, NO_MODEL)
        : new Authentication.Accepted(
            new Identity(
                profile.get(), who.actor(), shown.key().map(KeyVerifier::keyId).orElse("")));
  }

  /** Everything that holds of what a request shows. */
  private record Shown(
      Optional<KeyVerifier> key, Optional<TokenClaims> token, Optional<SpiffeId> certificate) {
    /** The tenant of the first of them. */
    Optional<TenantId> tenant() {
      return key.map(KeyVerifier::tenant)
          .or(() -> token.map(TokenClaims::tenant))
          .or(() -> certificate.flatMap(SpiffeId::tenant));
    }

    String actor() {
      return key.map(k -> "key:" + k.keyId())
          .or(() -> token.map(TokenClaims::actor))
          .or(() -> certificate.map(SpiffeId::uri))
          .orElseThrow();
    }

    Optional<String> disagreement(TenantId tenant) {
      return token
          .map(TokenClaims::tenant)
          .filter(other -> !other.equals(tenant))
          .map(other -> "token of tenant " + other)
          .or(
              () ->
                  certificate
                      .flatMap(SpiffeId::tenant)
                      .filter(other -> !other.equals(tenant))
                      .map(other -> "certificate of tenant " + other));
    }
  }

  /** Who was proven, before it is known whether that is enough. */
  private record Proven(
      Optional<RequestId> request, TenantId tenant, String actor, String sourceIp) {}

  private Optional<SpiffeId> certificate(Credentials credentials) {
    return credentials
        .certificate()
        .filter(id -> id.role() == SpiffeId.Role.TENANT)
        .filter(id -> id.trustDomain().equals(trustDomain));
  }

  /**
   * The profile with those of the named models that the tenant may use anyway: a name that the
   * tenant's own list, or the absence of one, does not open is dropped. Empty where nothing is
   * left, as an empty list means every model.
   */
  private Optional<TenantProfile> narrowed(TenantProfile tenant, Set<String> models) {
    Set<String> left =
        models.stream()
            .filter(
                id ->
                    tenant.modelsAllowed().isEmpty()
                        ? openModels.test(id)
                        : tenant.modelsAllowed().contains(id))
            .collect(Collectors.toUnmodifiableSet());
    return left.isEmpty() ? Optional.empty() : Optional.of(tenant.withModelsAllowed(left));
  }

  private Optional<KeyVerifier> verified(String presented) {
    String key = presented.length() <= KEY_LENGTH_MAX ? presented : "";
    Optional<KeyVerifier> verifier = ApiKeys.keyId(key).flatMap(tenants::key);
    byte[] expected = verifier.map(KeyVerifier::sha256).orElse(NO_VERIFIER);
    boolean same = MessageDigest.isEqual(ApiKeys.sha256(key), expected);
    return verifier.filter(v -> same && !v.expired(clock.instant().getEpochSecond()));
  }

  private Authentication violation(Proven who, String tier, String detail) {
    facts.violation(fact(who, tier, MISMATCH, AuditFact.Severity.CRITICAL, detail));
    return new Authentication.Rejected(MISMATCH);
  }

  private Authentication refused(Proven who, String tier, Refusal refusal) {
    facts.refusal(fact(who, tier, refusal, AuditFact.Severity.WARNING, refusal.message()));
    return new Authentication.Rejected(refusal);
  }

  private Authentication refused(
      Optional<RequestId> request, Credentials credentials, Refusal refusal, String detail) {
    facts.refusal(
        new AuditFact(
            request,
            "-",
            "",
            "-",
            credentials.sourceIp(),
            "authenticate",
            AuditFact.Severity.WARNING,
            AuditFact.Outcome.REFUSED,
            refusal.code().wireName(),
            detail,
            Optional.empty()));
    return new Authentication.Rejected(refusal);
  }

  private static AuditFact fact(
      Proven who, String tier, Refusal refusal, AuditFact.Severity severity, String detail) {
    return new AuditFact(
        who.request(),
        who.tenant().value(),
        tier,
        who.actor(),
        who.sourceIp(),
        severity == AuditFact.Severity.CRITICAL ? "isolation_violation" : "authenticate",
        severity,
        AuditFact.Outcome.REFUSED,
        refusal.code().wireName(),
        detail,
        Optional.empty());
  }

  /** Names the key's public part only: the rest may be a real secret with a typing error. */
  private static String keyDetail(Credentials credentials) {
    return credentials
        .bearerKey()
        .flatMap(ApiKeys::keyId)
        .map(id -> "invalid, expired or revoked key " + id)
        .orElse("a text that is no key");
  }

  private static String certificateDetail(Credentials credentials) {
    return credentials
        .certificate()
        .map(id -> "only the certificate " + id.uri() + ", which is no tenant's")
        .orElse("no credentials");
  }

  private static Optional<String> claimDetail(String claimed, TenantId proven) {
    if (claimed.equals(proven.value())) {
      return Optional.empty();
    }
    return Optional.of(
        TenantId.isValid(claimed)
            ? "x-tenant-id claims tenant " + claimed
            : "x-tenant-id is no tenant id");
  }

  private static Optional<String> tierDetail(TokenClaims claims, TenantProfile tenant) {
    return claims
        .tier()
        .filter(claimed -> !claimed.equals(tenant.tier().label()))
        .map(unused -> "token of another tier");
  }
}
