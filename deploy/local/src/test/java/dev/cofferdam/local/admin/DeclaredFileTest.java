package dev.cofferdam.local.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Message;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.Tier;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeclaredFileTest {
  @Test
  void recordsAreReadByKindAndKey() {
    Map<RecordKind, Map<String, Message>> declared =
        read(
            """
            models:
              desk:
                folder: desk
                context_tokens_max: 8192
                default_of: [free, standard]
            tenants:
              acme:
                tier: enterprise
                client_certificate_required: false
                limits:
                  requests_per_minute: 600
            """);

    Tenant acme = (Tenant) declared.get(RecordKind.TENANT).get("acme");
    Model desk = (Model) declared.get(RecordKind.MODEL).get("desk");
    assertThat(declared).containsOnlyKeys(RecordKind.MODEL, RecordKind.TENANT);
    assertThat(acme.getId()).isEqualTo("acme");
    assertThat(acme.getTier()).isEqualTo(Tier.TIER_ENTERPRISE);
    assertThat(acme.hasClientCertificateRequired()).isTrue();
    assertThat(acme.getLimits().getRequestsPerMinute()).isEqualTo(600);
    assertThat(desk.getDefaultOfList()).containsExactly(Tier.TIER_FREE, Tier.TIER_STANDARD);
  }

  @Test
  void theExampleHolds() throws Exception {
    try (var text = Files.newBufferedReader(Path.of("../tenants.example.yaml"))) {
      assertThat(DeclaredFile.read(text)).containsKeys(RecordKind.values());
    }
  }

  @Test
  void anEmptyFileDeclaresNothing() {
    assertThat(read("# nothing\n")).isEmpty();
    assertThat(read("tenants:\n")).containsEntry(RecordKind.TENANT, Map.of());
  }

  /** Columns: file, with | for line ends; the beginning of the problem. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "tenant: {};line 1: tenant is no section",
        "api_keys: {};line 1: api_keys is no section",
        "tenants:|  acme:|    teir: free;line 3: teir is no field",
        "tenants:|  acme:|    limits:|      rpm: 5;line 4: rpm is no field",
        "tenants:|  acme: {}|  acme: {};line 3: acme is there twice",
        "tenants:|  acme:|    tier: free|    tier: free;line 4: tier is there twice",
        "tenants: {}|tenants: {};line 2: tenants is there twice",
        "tenants:|  acme:|    tier: gold;line 3: tier: gold (expected: free, standard, enterprise)",
        "tenants:|  acme:|    retention_days: many;line 3: retention_days: many (expected: a whole",
        "tenants:|  acme:|    retention_days: '5';line 3: retention_days: 5 (expected: without",
        "tenants:|  acme:|    retention_days: [5];line 3: retention_days (expected: one value)",
        "tenants:|  acme:|    retention_days: 99999999999;line 3: retention_days: 99999999999",
        "tenants:|  acme:|    client_certificate_required: yes;line 3: client_certificate_required",
        "tenants:|  acme:|    models_allowed: desk;line 3: models_allowed (expected: a list)",
        "tenants:|  acme:|    privacy:|      phone_region: NO;line 4: phone_region: NO (expected: a",
        "tenants:|  acme:|    id: other;line 3: id is no field",
        "tenants:|  acme:|    revision: 5;line 3: revision is no field",
        "tenants:|  - acme;line 2: names with values",
        "tenants:|  acme: free;line 2: names with values",
        "adapters:|  books: {};line 2: adapter books (expected: tenant/name)",
        "tenants: [;line 1: expected the node content",
        "tenants:|  acme: &a {limits: *a};line 2: ",
        "? [a]|: b;line 1: a name is expected",
      })
  void whatDoesNotHoldIsToldWithItsLine(String file, String problem) {
    assertThatThrownBy(() -> read(file.replace('|', '\n')))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(problem);
  }

  private static Map<RecordKind, Map<String, Message>> read(String text) {
    return DeclaredFile.read(new StringReader(text));
  }
}
