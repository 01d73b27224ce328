package dev.cofferdam.gateway.facts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.vocabulary.TenantId;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

class AuditKeysTest {
  private static final TenantId ACME = new TenantId("acme");
  private static final TenantId BELL = new TenantId("bell");

  private final byte[] secret = new byte[32];
  private final AuditKeys keys;

  AuditKeysTest() {
    Arrays.fill(secret, (byte) 7);
    keys = new AuditKeys(secret);
  }

  @Test
  void aHashIsHmacUnderTheKeyDerivedForTheTenant() throws Exception {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(secret, "HmacSHA256"));
    byte[] key = mac.doFinal(utf8("cofferdam/audit-content/v1acme"));
    mac.init(new SecretKeySpec(key, "HmacSHA256"));

    assertThat(hash(keys, ACME, "hello")).isEqualTo(mac.doFinal(utf8("hello")));
  }

  @Test
  void theSameTextFedInPiecesHashesTheSame() {
    assertThat(hash(keys, ACME, "he", "", "llo")).isEqualTo(hash(keys, ACME, "hello"));
  }

  @Test
  void theSameTextOfTwoTenantsHashesDifferently() {
    assertThat(hash(keys, ACME, "hello")).isNotEqualTo(hash(keys, BELL, "hello"));
  }

  @Test
  void withAnotherSecretTheSameTextHashesDifferently() {
    assertThat(hash(new AuditKeys(new byte[32]), ACME, "hello"))
        .isNotEqualTo(hash(keys, ACME, "hello"));
  }

  @Test
  void aShortSecretIsRefused() {
    assertThatThrownBy(() -> new AuditKeys(new byte[31]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("31 bytes (expected: at least 32)");
  }

  private static byte[] hash(AuditKeys keys, TenantId tenant, String... pieces) {
    ContentHash hash = keys.contentHash(tenant);
    for (String piece : pieces) {
      byte[] bytes = utf8("<" + piece + ">");
      hash.update(bytes, 1, bytes.length - 2);
    }
    return hash.digest();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
