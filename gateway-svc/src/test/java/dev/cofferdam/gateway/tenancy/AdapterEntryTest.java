package dev.cofferdam.gateway.tenancy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.TenantId;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AdapterEntryTest {
  private static final TenantId ACME = new TenantId("acme");

  private static AdapterEntry entry(double weight) {
    return new AdapterEntry(
        ACME,
        "voice",
        "m",
        "v1",
        "voice",
        Optional.of(new AdapterEntry.Trial("v2", "voice-next", weight)));
  }

  @Test
  void aConversationGetsOneOfTheVersionsWithItsFolderAndTheSameEachTime() {
    int trials = 0;
    for (int i = 0; i < 1_000; i++) {
      byte[] conversation = {(byte) i, (byte) (i >> 8)};
      AdapterEntry chosen = entry(0.25).forConversation(() -> conversation);
      assertThat(entry(0.25).forConversation(() -> conversation)).isEqualTo(chosen);
      assertThat(chosen.trial()).isEmpty();
      assertThat(chosen.folder()).isEqualTo(chosen.version().equals("v2") ? "voice-next" : "voice");
      trials += chosen.version().equals("v2") ? 1 : 0;
    }
    assertThat(trials).isBetween(200, 300);
  }

  @Test
  void nothingIsHashedWhereThereIsNoTrial() {
    AdapterEntry only = new AdapterEntry(ACME, "voice", "m", "v1");
    AdapterEntry chosen =
        only.forConversation(
            () -> {
              throw new AssertionError("asked for a digest");
            });
    assertThat(chosen).isSameAs(only);
  }
}
