package dev.cofferdam.gateway.identity;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ApiKeysTest {
  @Test
  void aKeyCarriesItsPublicPartAnd256SecretBits() {
    ApiKeys.Issued issued = ApiKeys.issue(new SecureRandom());

    assertThat(issued.secret()).matches("cdm_[a-z2-7]{12}_[A-Za-z0-9_-]{43}");
    assertThat(ApiKeys.keyId(issued.secret())).contains(issued.keyId());
    assertThat(ApiKeys.isKeyId(issued.keyId())).isTrue();
  }

  @Test
  void anIssuedKeyPrintsWithoutItsSecret() {
    ApiKeys.Issued issued = ApiKeys.issue(new Random(1));

    assertThat(issued.toString()).contains(issued.keyId()).doesNotContain(issued.secret());
  }

  @Test
  void theHashIsSha256OfTheWholeKey() {
    assertThat(HexFormat.of().formatHex(ApiKeys.sha256("abc")))
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "cdm_",
        "sk-abcdefghijkl",
        "cdm_abcdefghijkl_short",
        "cdm_ABCDEFGHIJKL_0123456789012345678901234567890123456789012",
        "cdm_abcdefghijkl_01234567890123456789012345678901234567890 2",
        "cdm_abcdefghijkl_01234567890123456789012345678901234567890123"
      })
  void textsOfAnotherFormHaveNoPublicPart(String text) {
    assertThat(ApiKeys.keyId(text)).isEmpty();
  }
}
