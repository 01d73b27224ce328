package dev.cofferdam.gateway.identity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.facts.AuditFact.Severity;
import dev.cofferdam.gateway.facts.RecordedFacts;
import dev.cofferdam.gateway.tenancy.KeyVerifier;
import dev.cofferdam.gateway.tenancy.Tenants;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.admin.v1.Tier;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.wire.TenantRecords;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TenantAuthenticatorTest {
  private static final long NOW_S = 1_800_000_000L;
  private static final String DOMAIN = "cofferdam.local";
  private static final Set<String> OPEN_MODELS = Set.of("open", "desk");
  private static final String TENANT_URI = "spiffe://" + DOMAIN + "/tenant/";

  /** A token of this test: words separated by dots: tenant, tier or "-", models. */
  private static final Tokens TOKENS =
      token -> {
        List<String> words = List.of(token.split("[.]"));
        return words.get(0).equals("jwt")
            ? new Tokens.Check.Holds(
                new TokenClaims(
                    new TenantId(words.get(1)),
                    Optional.of(words.get(2)).filter(tier -> !tier.equals("-")),
                    words.size() == 3
                        ? Optional.empty()
                        : Optional.of(Set.copyOf(words.subList(3, words.size()))),
                    "jwt:0123"))
            : new Tokens.Check.Fails("no token");
      };

  private final Directory directory = new Directory();
  private final RecordedFacts facts = new RecordedFacts();
  private Instant now = Instant.ofEpochSecond(NOW_S);
  private final InstantSource clock = () -> now;
  private final IdentityFacts identityFacts = new IdentityFacts(facts, 3, clock);
  private final TenantAuthenticator authenticator =
      new TenantAuthenticator(
          DOMAIN, directory, OPEN_MODELS::contains, TOKENS, identityFacts, clock);

  TenantAuthenticatorTest() {
    directory.tenant("acme", Tier.TIER_STANDARD, TenantStatus.TENANT_STATUS_ACTIVE);
    directory.tenant("bell", Tier.TIER_FREE, TenantStatus.TENANT_STATUS_ACTIVE);
    directory.tenant("corp", Tier.TIER_ENTERPRISE, TenantStatus.TENANT_STATUS_ACTIVE);
    directory.tenant("gone", Tier.TIER_FREE, TenantStatus.TENANT_STATUS_SUSPENDED);
    directory.tenant(
        Tenant.newBuilder()
            .setId("lists")
            .setTier(Tier.TIER_STANDARD)
            .setStatus(TenantStatus.TENANT_STATUS_ACTIVE)
            .addAllModelsAllowed(List.of("desk", "secret"))
            .build());
    directory.key("acme", "acme", 0);
    directory.key("bell", "bell", 0);
    directory.key("corp", "corp", 0);
    directory.key("gone", "gone", 0);
    directory.key("revoked", "acme", NOW_S);
    directory.key("rotated", "acme", NOW_S + 60);
    directory.key("orphan", "deleted", 0);
  }

  /** Columns: key, certificate, claimed tenant, answer: a tenant, or an error code. */
  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "acme,     -,                                        -,     acme",
        "acme,     -,                                        acme,  acme",
        "rotated,  -,                                        -,     acme",
        "-,        spiffe://cofferdam.local/tenant/acme,     -,     acme",
        "-,        spiffe://cofferdam.local/tenant/corp,     corp,  corp",
        "acme,     spiffe://cofferdam.local/tenant/acme,     acme,  acme",
        "corp,     spiffe://cofferdam.local/tenant/corp,     -,     corp",
        "acme,     spiffe://cofferdam.local/operator/local,  -,     acme",
        "-,        -,                                        -,     UNAUTHENTICATED",
        "-,        -,                                        acme,  UNAUTHENTICATED",
        "-,        spiffe://cofferdam.local/operator/local,  -,     UNAUTHENTICATED",
        "-,        spiffe://cofferdam.local/service/router,  acme,  UNAUTHENTICATED",
        "-,        spiffe://elsewhere.example/tenant/acme,   -,     UNAUTHENTICATED",
        "-,        spiffe://cofferdam.local/tenant/nobody,   -,     UNAUTHENTICATED",
        "revoked,  -,                                        -,     UNAUTHENTICATED",
        "unknown,  -,                                        -,     UNAUTHENTICATED",
        "forged,   -,                                        -,     UNAUTHENTICATED",
        "nonsense, -,                                        -,     UNAUTHENTICATED",
        "forged,   spiffe://cofferdam.local/tenant/acme,     -,     UNAUTHENTICATED",
        "orphan,   -,                                        -,     UNAUTHENTICATED",
        "corp,     -,                                        -,     UNAUTHENTICATED",
        "corp,     spiffe://cofferdam.local/operator/local,  -,     UNAUTHENTICATED",
        "corp,     spiffe://elsewhere.example/tenant/corp,   -,     UNAUTHENTICATED",
        "gone,     -,                                        -,     TENANT_SUSPENDED",
        "-,        spiffe://cofferdam.local/tenant/gone,     -,     TENANT_SUSPENDED",
        "acme,     -,                                        bell,  IDENTITY_MISMATCH",
        "acme,     -,                                        '',    IDENTITY_MISMATCH",
        "acme,     -,                                        ACME,  IDENTITY_MISMATCH",
        "gone,     -,                                        acme,  IDENTITY_MISMATCH",
        "acme,     spiffe://cofferdam.local/tenant/bell,     -,     IDENTITY_MISMATCH",
        "acme,     spiffe://cofferdam.local/tenant/bell,     bell,  IDENTITY_MISMATCH",
        "-,        spiffe://cofferdam.local/tenant/acme,     bell,  IDENTITY_MISMATCH",
      })
  void answersByWhatWasProven(String key, String certificate, String claimed, String answer) {
    String text =
        switch (authenticate(key, certificate, claimed)) {
          case Authentication.Accepted accepted -> accepted.identity().tenant().id().value();
          case Authentication.Rejected rejected -> rejected.refusal().code().name();
        };

    assertThat(text).isEqualTo(answer);
  }

  /** Columns: key, token, certificate, claimed tenant, answer: a tenant, or an error code. */
  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "-,     jwt.acme.-,          -,                                      -,     acme",
        "-,     jwt.acme.standard,   -,                                      acme,  acme",
        "acme,  jwt.acme.-,          -,                                      -,     acme",
        "acme,  jwt.acme.-,          spiffe://cofferdam.local/tenant/acme,   -,     acme",
        "-,     jwt.corp.-,          spiffe://cofferdam.local/tenant/corp,   -,     corp",
        "-,     forged,              -,                                      -,     UNAUTHENTICATED",
        "acme,  forged,              -,                                      -,     UNAUTHENTICATED",
        "forged,jwt.acme.-,          -,                                      -,     UNAUTHENTICATED",
        "-,     forged,              spiffe://cofferdam.local/tenant/acme,   -,     UNAUTHENTICATED",
        "-,     jwt.nobody.-,        -,                                      -,     UNAUTHENTICATED",
        "-,     jwt.corp.-,          -,                                      -,     UNAUTHENTICATED",
        "corp,  jwt.corp.-,          -,                                      -,     UNAUTHENTICATED",
        "-,     jwt.gone.-,          -,                                      -,     TENANT_SUSPENDED",
        "bell,  jwt.acme.-,          -,                                      -,     IDENTITY_MISMATCH",
        "-,     jwt.acme.-,          spiffe://cofferdam.local/tenant/bell,   -,     IDENTITY_MISMATCH",
        "acme,  jwt.acme.-,          spiffe://cofferdam.local/tenant/bell,   -,     IDENTITY_MISMATCH",
        "-,     jwt.acme.-,          -,                                      bell,  IDENTITY_MISMATCH",
        "-,     jwt.acme.enterprise, -,                                      -,     IDENTITY_MISMATCH",
        "-,     jwt.acme.Standard,   -,                                      -,     IDENTITY_MISMATCH",
        "-,     jwt.gone.enterprise, -,                                      -,     IDENTITY_MISMATCH",
      })
  void tokensAreComparedWithEverythingElse(
      String key, String token, String certificate, String claimed, String answer) {
    Credentials without = credentials(key, certificate, claimed);
    Authentication outcome =
        authenticator.authenticate(
            new Credentials(
                without.bearerKey(),
                Optional.of(token),
                without.certificate(),
                without.claimedTenant(),
                without.sourceIp()));

    String text =
        switch (outcome) {
          case Authentication.Accepted accepted -> accepted.identity().tenant().id().value();
          case Authentication.Rejected rejected -> rejected.refusal().code().name();
        };
    assertThat(text).isEqualTo(answer);
  }

  /** Columns: tenant, models of the token, models that are left. */
  @ParameterizedTest
  @CsvSource({
    "acme,  open,                open",
    "acme,  open.desk.unknown,   desk open",
    "acme,  open.secret,         open",
    "lists, desk.open,           desk",
    "lists, secret,              secret",
    "acme,  secret,              NOT_ALLOWED",
    "acme,  unknown,             NOT_ALLOWED",
    "lists, open,                NOT_ALLOWED",
  })
  void aTokensModelsNarrowAndNeverWiden(String tenant, String models, String left) {
    String text =
        switch (authenticator.authenticate(token("jwt." + tenant + ".-." + models))) {
          case Authentication.Accepted accepted ->
              String.join(" ", new TreeSet<>(accepted.identity().tenant().modelsAllowed()));
          case Authentication.Rejected rejected -> rejected.refusal().code().name();
        };

    assertThat(text).isEqualTo(left);
  }

  @Test
  void aTokenOfAnotherTierIsAnIsolationViolation() {
    authenticator.authenticate(token("jwt.acme.enterprise"));

    assertThat(facts.last().operation()).isEqualTo("isolation_violation");
    assertThat(facts.last().tenant()).isEqualTo("acme");
    assertThat(facts.last().actor()).isEqualTo("jwt:0123");
    assertThat(facts.last().detail()).isEqualTo("token of another tier");
  }

  @Test
  void nothingOfATokenThatDoesNotHoldReachesAnAnswerOrTheRecord() {
    Authentication first = authenticator.authenticate(token("confidential"));

    assertThat(authenticator.authenticate(token("other"))).isEqualTo(first);
    assertThat(facts.facts().toString() + first).doesNotContain("confidential");
  }

  @Test
  void theActorIsTheKeyOrTheCertificate() {
    Identity byKey = accepted(authenticate("acme", TENANT_URI + "acme", null));
    Identity byCertificate = accepted(authenticate(null, TENANT_URI + "acme", null));

    String keyId = ApiKeys.keyId(directory.secret("acme")).orElseThrow();
    assertThat(byKey.actor()).isEqualTo("key:" + keyId);
    assertThat(byKey.keyId()).isEqualTo(keyId);
    assertThat(byCertificate.actor()).isEqualTo(TENANT_URI + "acme");
    assertThat(byCertificate.keyId()).isEmpty();
  }

  @Test
  void aKeyStopsWorkingAtItsEnd() {
    now = Instant.ofEpochSecond(NOW_S + 59);
    assertThat(authenticate("rotated", null, null)).isInstanceOf(Authentication.Accepted.class);

    now = Instant.ofEpochSecond(NOW_S + 60);
    assertThat(code(authenticate("rotated", null, null))).isEqualTo(ErrorCode.UNAUTHENTICATED);
  }

  @Test
  void allWaysInWhichAKeyDoesNotHoldAnswerTheSame() {
    Authentication unknown = authenticate("unknown", null, null);

    assertThat(authenticate("forged", null, null)).isEqualTo(unknown);
    assertThat(authenticate("revoked", null, null)).isEqualTo(unknown);
    assertThat(authenticate("nonsense", null, null)).isEqualTo(unknown);
  }

  @Test
  void aClaimOfAnotherTenantIsAnIsolationViolationOfTheProvenOne() {
    RequestId request = RequestId.random();
    authenticator.authenticate(request, credentials("acme", null, "bell"));

    AuditFact fact = facts.last();
    assertThat(fact.operation()).isEqualTo("isolation_violation");
    assertThat(fact.severity()).isEqualTo(Severity.CRITICAL);
    assertThat(fact.outcome()).isEqualTo(AuditFact.Outcome.REFUSED);
    assertThat(fact.requestId()).contains(request);
    assertThat(fact.tenant()).isEqualTo("acme");
    assertThat(fact.tier()).isEqualTo("standard");
    assertThat(fact.actor()).startsWith("key:");
    assertThat(fact.sourceIp()).isEqualTo("127.0.0.9");
    assertThat(fact.detail()).isEqualTo("x-tenant-id claims tenant bell");
    assertThat(identityFacts.violations()).isEqualTo(1);
  }

  @Test
  void textsOfTheCallerDoNotReachTheRecord() {
    authenticate("acme", null, "<script>");
    authenticate("nonsense", null, null);

    assertThat(facts.facts())
        .extracting(AuditFact::detail)
        .containsExactly("x-tenant-id is no tenant id", "no token");
  }

  @Test
  void aSecretNeverReachesTheRecord() {
    authenticate("forged", null, null);
    authenticate("revoked", null, null);

    assertThat(facts.facts())
        .allSatisfy(
            fact ->
                assertThat(fact.toString())
                    .doesNotContain(directory.secret("forged"))
                    .doesNotContain(directory.secret("revoked")));
  }

  @Test
  void refusalsAreRecordedAtABoundedRateAndCountedBeyond() {
    for (int i = 0; i < 10; i++) {
      authenticate(null, null, null);
    }
    assertThat(facts.facts()).hasSize(3);
    assertThat(identityFacts.refusals()).isEqualTo(10);

    now = now.plusSeconds(1);
    authenticate(null, null, null);
    assertThat(facts.last().detail()).contains("7 like it were not recorded");
  }

  @Test
  void violationsAreAllRecorded() {
    for (int i = 0; i < 10; i++) {
      authenticate("acme", null, "bell");
    }

    assertThat(facts.facts()).hasSize(10);
  }

  @Test
  void aRequestIsRefusedEvenWhereThatCannotBeRecorded() {
    facts.fill();

    assertThat(code(authenticate("acme", null, "bell"))).isEqualTo(ErrorCode.IDENTITY_MISMATCH);
    assertThat(code(authenticate(null, null, null))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(identityFacts.lost()).isEqualTo(2);
  }

  @Test
  void oversizedKeysAreRefused() {
    Credentials huge =
        Credentials.of(
            Optional.of(directory.secret("acme") + "x".repeat(1 << 20)),
            Optional.empty(),
            Optional.empty(),
            "127.0.0.9");

    assertThat(code(authenticator.authenticate(huge))).isEqualTo(ErrorCode.UNAUTHENTICATED);
  }

  private Authentication authenticate(String key, String certificate, String claimed) {
    return authenticator.authenticate(credentials(key, certificate, claimed));
  }

  private Credentials credentials(String key, String certificate, String claimed) {
    return Credentials.of(
        Optional.ofNullable(key).map(directory::secret),
        Optional.ofNullable(certificate).map(uri -> SpiffeId.parse(uri).orElseThrow()),
        Optional.ofNullable(claimed),
        "127.0.0.9");
  }

  private static Credentials token(String text) {
    return Credentials.of(Optional.of(text), Optional.empty(), Optional.empty(), "127.0.0.9");
  }

  private static Identity accepted(Authentication authentication) {
    return ((Authentication.Accepted) authentication).identity();
  }

  private static ErrorCode code(Authentication authentication) {
    return ((Authentication.Rejected) authentication).refusal().code();
  }

  private static final class Directory implements Tenants {
    private final Map<TenantId, TenantProfile> tenants = new HashMap<>();
    private final Map<String, KeyVerifier> verifiers = new HashMap<>();
    private final Map<String, String> secrets = new HashMap<>();
    private final Random random = new Random(42);

    Directory() {
      secrets.put("unknown", ApiKeys.issue(random).secret());
      secrets.put("nonsense", "correct horse battery staple");
    }

    void tenant(String id, Tier tier, TenantStatus status) {
      tenant(Tenant.newBuilder().setId(id).setTier(tier).setStatus(status).build());
    }

    void tenant(Tenant record) {
      tenants.put(new TenantId(record.getId()), TenantRecords.profile(record));
    }

    void key(String name, String tenant, long notAfterEpochS) {
      ApiKeys.Issued issued = ApiKeys.issue(random);
      secrets.put(name, issued.secret());
      verifiers.put(
          issued.keyId(),
          new KeyVerifier(
              issued.keyId(),
              new TenantId(tenant),
              ApiKeys.sha256(issued.secret()),
              notAfterEpochS));
      if (name.equals("acme")) {
        String other = ApiKeys.issue(random).secret();
        secrets.put("forged", "cdm_" + issued.keyId() + other.substring(16));
      }
    }

    String secret(String name) {
      return secrets.get(name);
    }

    @Override
    public Optional<TenantProfile> tenant(TenantId id) {
      return Optional.ofNullable(tenants.get(id));
    }

    @Override
    public Optional<KeyVerifier> key(String keyId) {
      return Optional.ofNullable(verifiers.get(keyId));
    }
  }
}
