package dev.cofferdam.gateway.privacy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.PersonalData;
import dev.cofferdam.vocabulary.PrivacyPolicy;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DetectorsTest {
  private static final Detectors ALL = new Detectors(PrivacyPolicy.MASK_ALL);
  private static final Detectors AMERICAN =
      new Detectors(PrivacyPolicy.of(PrivacyPolicy.Mode.MASK, List.of(), Optional.of("US")));

  private static List<String> found(Detectors detectors, String text) {
    return detectors.in(text).stream()
        .map(f -> f.kind() + ":" + text.substring(f.start(), f.end()))
        .toList();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "CARD | pay 4111 1111 1111 1111 12/27 now | 4111 1111 1111 1111",
        "CARD | 5500-0000-0000-0004. | 5500-0000-0000-0004",
        "CARD | amex 378282246310005, please | 378282246310005",
        "CARD | (6011000990139424) | 6011000990139424",
        "CARD | jcb 3530111333300000 | 3530111333300000",
        "IBAN | to DE89 3704 0044 0532 0130 00, thanks | DE89 3704 0044 0532 0130 00",
        "IBAN | GB82WEST12345698765432 | GB82WEST12345698765432",
        "IBAN | nl91abna0417164300 | nl91abna0417164300",
        "SSN | my number is 219-09-9999. | 219-09-9999",
        "SSN | 219 09 9999 | 219 09 9999",
        "SSN | SSN: 219099999 | 219099999",
        "EMAIL | write to Ada.Lovelace+work@mail.example.co.uk. |"
            + " Ada.Lovelace+work@mail.example.co.uk",
        "EMAIL | <jörg@müller.de> | jörg@müller.de",
        "EMAIL | mailto:x_1@a-b.org?subject=hi | x_1@a-b.org",
        "PHONE | call +49 30 901820 today | +49 30 901820",
        "PHONE | +1 (415) 555-2671 | +1 (415) 555-2671",
        "IP_ADDRESS | from 203.0.113.7. | 203.0.113.7",
        "IP_ADDRESS | at 203.0.113.7:8080 | 203.0.113.7",
        "IP_ADDRESS | [2001:db8:85a3::8a2e:370:7334] | 2001:db8:85a3::8a2e:370:7334",
        "KEY_MATERIAL | key AKIAIOSFODNN7EXAMPLE ok | AKIAIOSFODNN7EXAMPLE",
        "KEY_MATERIAL | ghp_abcdefghijklmnopqrstuvwxyz0123456789 |"
            + " ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "KEY_MATERIAL | eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w |"
            + " eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w",
      })
  void isFound(PersonalData kind, String text, String value) {
    assertThat(found(ALL, text)).containsExactly(kind + ":" + value);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "order 4111 1111 1111 1112",
        "tracking 41111111111111111111111",
        "serial x4111111111111111",
        "DE89 3704 0044 0532 0130 01",
        "ZZ89 3704 0044 0532 0130 00",
        "000-12-3456 and 666-12-3456 and 900-12-3456 and 219-00-9999",
        "invoice 219099999",
        "part 1-219-09-9999-2",
        "user@localhost and @ada and ada@ and a @ b.org",
        "version 1.2.3 and 1.2.3.4.5 and 256.1.1.1",
        "std::vector, 12:30:45, fe::c, ::1",
        "2026-11-21 and 21.11.2026 and 10:15",
        "EUR 1,234,567.89 and 3.14159265358979",
        "550e8400-e29b-41d4-a716-446655440000",
        "+12 and +49 and 415 555 2671",
        "ask-for-the-task-force-and-risk-assessments",
      })
  void isNotTakenForWhatItResembles(String text) {
    assertThat(found(ALL, text)).isEmpty();
  }

  @Test
  void aPrivateKeyIsFoundAsAWholeAlsoWhereItsEndIsMissing() {
    String key = "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----";
    assertThat(found(ALL, "a " + key + " b")).containsExactly("KEY_MATERIAL:" + key);
    String cut = "-----BEGIN PRIVATE KEY-----\nMIIB ada@example.org";
    assertThat(found(ALL, "a " + cut)).containsExactly("KEY_MATERIAL:" + cut);
  }

  @Test
  void numbersWithoutCountryCodeAreFoundInThePolicysRegion() {
    assertThat(found(AMERICAN, "call (415) 555-2671")).containsExactly("PHONE:(415) 555-2671");
    assertThat(found(ALL, "call (415) 555-2671")).isEmpty();
  }

  @Test
  void hostileTextsTakeTimeThatGrowsWithTheirLengthOnly() {
    for (String part :
        List.of(
            "a",
            "1",
            "1 ",
            "a@",
            "@",
            ".",
            "1.",
            ":",
            "a:",
            "eyJ",
            "-----BEGIN ",
            "DE89 ",
            "sk-a",
            "+1",
            "(",
            "a.",
            "１")) {
      assertThat(ALL.in(part.repeat(200_000 / part.length()))).isNotNull();
    }
  }

  @Test
  @Timeout(60)
  void beginningsOfPrivateKeysThatAreNoneAreNotSearchedToTheEndEachTime() {
    assertThat(ALL.in("-----BEGIN ".repeat(1 << 20))).isEmpty();
  }
}
