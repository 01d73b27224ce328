package dev.cofferdam.verification.operations;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.verification.Generation;
import dev.cofferdam.verification.Mesh;
import dev.cofferdam.verification.Mesh.TenantHandle;
import dev.cofferdam.verification.Patience;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The console over mutual TLS, on what the mesh's services know. */
class ConsoleTest {
  private static final Mesh MESH = Mesh.shared();
  private static final Optional<TenantHandle> OPERATOR = Optional.empty();

  private static String page(Optional<TenantHandle> reader, String path) {
    HttpResponse<String> answer = MESH.console(reader, path);
    assertThat(answer.statusCode()).as(path).isEqualTo(200);
    return answer.body();
  }

  private static String served(TenantHandle tenant) {
    Generation generation =
        Generation.run(
            MESH.grpc(), tenant.apiKey(), Generation.chat("Where is my parcel?").build());
    assertThat(generation.status().isOk()).as("%s", generation.status()).isTrue();
    return "/requests?id=" + generation.requestId();
  }

  @Test
  void anOperatorSeesTheFleetAndTheWayOfARequestWithItsSpansAndItsProof() {
    TenantHandle tenant = MESH.newTenant("watched", "standard");
    String request = served(tenant);

    assertThat(page(OPERATOR, "/")).contains("worker-1", "worker-2");
    assertThat(page(OPERATOR, "/tenants")).contains("/tenants/" + tenant.id());
    assertThat(page(OPERATOR, "/tenants/" + tenant.id())).contains("Requests a minute");
    assertThat(page(OPERATOR, "/costs")).contains("Costs");
    // Record, usage, spans and checkpoint come one after the other.
    Patience.until(
        "all of the request is known",
        () ->
            List.of(
                    "<td>gateway</td>",
                    "<td>router</td>",
                    "<td>scheduler</td>",
                    "<td>worker-",
                    "From the ledger",
                    "(granted)",
                    "OK:</strong> the record is in the log")
                .stream()
                .allMatch(page(OPERATOR, request)::contains));
  }

  @Test
  void aTenantSeesItsOwnRequestAndAnothersLooksUnknown() {
    TenantHandle own = MESH.newTenant("reader", "standard");
    TenantHandle other = MESH.newTenant("curious", "standard");
    String request = served(own);

    assertThat(page(Optional.of(own), "/")).contains(own.id()).doesNotContain(other.id());
    Patience.until(
        "its record and its use are known",
        () ->
            List.of("of the audit log", "From the ledger").stream()
                .allMatch(page(Optional.of(own), request)::contains));
    assertThat(page(Optional.of(own), request))
        .as("placement and spans are operators'")
        .doesNotContain("Its way through the services", "(granted)");
    assertThat(page(Optional.of(other), request))
        .contains("Nothing is known of such a request")
        .doesNotContain(own.id());
  }

  @Test
  void aTenantIsRefusedWhatIsNotItsOwnAndNobodyComesInWithoutACertificate() {
    TenantHandle own = MESH.newTenant("modest", "free");
    for (String path :
        List.of(
            "/tenants", "/tenants/harbor-books", "/fairness", "/costs", "/?tenant=harbor-books")) {
      HttpResponse<String> answer = MESH.console(Optional.of(own), path);
      assertThat(answer.statusCode()).as(path).isEqualTo(403);
      assertThat(answer.body()).doesNotContain("harbor-books");
    }
    assertThat(MESH.console(Optional.of(own), "/elsewhere").statusCode()).isEqualTo(404);
    assertThatThrownBy(() -> MESH.consoleWithoutCertificate("/")).isInstanceOf(IOException.class);
  }
}
