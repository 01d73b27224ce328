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

/**
 * Tenants by API key, by certificate, or by both, which then must agree. What a request claims
 * about its tenant is compared with what was proven and decides nothing else.
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
      Refusal.of(ErrorCode.UNAUTHENTICATED, "the API key is not valid");
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
  private final IdentityFacts facts;
  private final InstantSource clock;

  /**
   * @param trustDomain certificates of other trust domains are nobody's
   * @param tenants tenants and keys in force
   * @param facts where what was refused is recorded
   * @param clock for the keys' expiry
   */
  public TenantAuthenticator(
      String trustDomain, Tenants tenants, IdentityFacts facts, InstantSource clock) {
    this.trustDomain = trustDomain;
    this.tenants = tenants;
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
    Optional<SpiffeId> certificate =
        credentials
            .certificate()
            .filter(id -> id.role() == SpiffeId.Role.TENANT)
            .filter(id -> id.trustDomain().equals(trustDomain));
    Optional<TenantId> byCertificate = certificate.flatMap(SpiffeId::tenant);
    Optional<TenantId> proven = key.map(KeyVerifier::tenant).or(() -> byCertificate);
    if (proven.isEmpty()) {
      return refused(request, credentials, NO_IDENTITY, certificateDetail(credentials));
    }
    String actor = key.map(k -> "key:" + k.keyId()).orElseGet(() -> certificate.get().uri());
    Proven who = new Proven(request, proven.get(), actor, credentials.sourceIp());
    if (byCertificate.isPresent() && !byCertificate.get().equals(who.tenant())) {
      return violation(who, "certificate of tenant " + byCertificate.get());
    }
    if (credentials.claimedTenant().isPresent()
        && !credentials.claimedTenant().get().equals(who.tenant().value())) {
      return violation(who, claimDetail(credentials.claimedTenant().get()));
    }
    Optional<TenantProfile> tenant = tenants.tenant(who.tenant());
    if (tenant.isEmpty()) {
      return refused(who, "", UNKNOWN_TENANT);
    }
    String tier = tenant.get().tier().label();
    if (tenant.get().status() == TenantProfile.Status.SUSPENDED) {
      return refused(who, tier, SUSPENDED);
    }
    if (tenant.get().clientCertificateRequired() && byCertificate.isEmpty()) {
      return refused(who, tier, CERTIFICATE_NEEDED);
    }
    return new Authentication.Accepted(
        new Identity(tenant.get(), actor, key.map(KeyVerifier::keyId).orElse("")));
  }

  /** Who was proven, before it is known whether that is enough. */
  private record Proven(
      Optional<RequestId> request, TenantId tenant, String actor, String sourceIp) {}

  private Optional<KeyVerifier> verified(String presented) {
    String key = presented.length() <= KEY_LENGTH_MAX ? presented : "";
    Optional<KeyVerifier> verifier = ApiKeys.keyId(key).flatMap(tenants::key);
    byte[] expected = verifier.map(KeyVerifier::sha256).orElse(NO_VERIFIER);
    boolean same = MessageDigest.isEqual(ApiKeys.sha256(key), expected);
    return verifier.filter(v -> same && !v.expired(clock.instant().getEpochSecond()));
  }

  private Authentication violation(Proven who, String detail) {
    String tier = tenants.tenant(who.tenant()).map(t -> t.tier().label()).orElse("");
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

  private static String claimDetail(String claimed) {
    return TenantId.isValid(claimed)
        ? "x-tenant-id claims tenant " + claimed
        : "x-tenant-id is no tenant id";
  }
}
