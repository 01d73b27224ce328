package dev.cofferdam.verification.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.verification.Generation;
import dev.cofferdam.verification.Mesh;
import dev.cofferdam.verification.Mesh.TenantHandle;
import dev.cofferdam.verification.Patience;
import dev.cofferdam.verification.Rest;
import dev.cofferdam.verification.TokenIssuer;
import io.grpc.Status;
import java.time.Instant;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Callers who show a token of an issuer that the mesh trusts, instead of an API key. */
class TokenTest {
  private static final Mesh MESH = Mesh.shared();
  private static final String CHAT =
      "{\"model\":\"support-desk\",\"max_tokens\":4,\"messages\":"
          + "[{\"role\":\"user\",\"content\":\"Hello\"}]}";
  private static TenantHandle tenant;
  private static TokenIssuer issuer;
  private static Rest rest;

  @BeforeAll
  static void makeTenant() {
    tenant = MESH.newTenant("tokens", "standard");
    issuer = MESH.issuer();
    rest = MESH.rest();
  }

  private static String token(String kid, String tenantId, long secondsLeft) {
    return issuer.token(kid, tenantId, Instant.now().plusSeconds(secondsLeft));
  }

  private static Rest.Answer ask(String credential, String... headers) {
    return rest.post("/v1/chat/completions", credential, CHAT, headers);
  }

  private static String code(Rest.Answer answer) {
    return answer.status() + " " + answer.json().path("error").path("code").asText();
  }

  @Test
  void aTokenOfATenantIsServedAsTheTenant() {
    String token = token("first", tenant.id(), 300);
    assertThat(ask(token).status()).isEqualTo(200);
    assertThat(ask(token, "x-tenant-id", tenant.id()).status()).isEqualTo(200);
    Generation overGrpc = Generation.run(MESH.grpc(), token, Generation.chat("Hello").build());
    assertThat(overGrpc.status().isOk()).as("%s", overGrpc.status()).isTrue();
  }

  @Test
  void aTokenBesideTheTenantsOwnKeyIsServedAndBesideAnothersRefused() {
    String token = token("first", tenant.id(), 300);
    TenantHandle other = MESH.newTenant("tokens-other", "standard");
    assertThat(ask(token, "x-api-key", tenant.apiKey()).status()).isEqualTo(200);
    assertThat(code(ask(token, "x-api-key", other.apiKey()))).isEqualTo("403 identity_mismatch");
    assertThat(code(ask(token, "x-tenant-id", other.id()))).isEqualTo("403 identity_mismatch");
  }

  @Test
  void aTokenThatIsOverOrForgedOrOfNoTenantIsRefusedAlike() {
    String forged = token("first", tenant.id(), 300);
    String other = token("first", "nobody", 300);
    String swapped =
        forged.substring(0, forged.lastIndexOf('.')) + other.substring(other.lastIndexOf('.'));
    for (String bad :
        new String[] {
          token("first", tenant.id(), -61), other, swapped, token("never", tenant.id(), 300)
        }) {
      assertThat(code(ask(bad))).isEqualTo("401 invalid_api_key");
      assertThat(
              Generation.run(MESH.grpc(), bad, Generation.chat("Hello").build()).status().getCode())
          .isEqualTo(Status.Code.UNAUTHENTICATED);
    }
  }

  @Test
  void anIssuerThatRotatesItsKeysIsFollowed() {
    String second = token("second", tenant.id(), 300);
    assertThat(ask(second).status()).isEqualTo(401);
    issuer.publish("first", "second");
    try {
      Patience.until("the new key is taken", () -> ask(second).status() == 200);
      assertThat(ask(token("first", tenant.id(), 300)).status()).isEqualTo(200);
      issuer.publish("second");
      Patience.until(
          "the old key is gone", () -> ask(token("first", tenant.id(), 300)).status() == 401);
      assertThat(ask(second).status()).isEqualTo(200);
    } finally {
      issuer.publish("first");
      Patience.until(
          "the first key is back", () -> ask(token("first", tenant.id(), 300)).status() == 200);
    }
  }
}
