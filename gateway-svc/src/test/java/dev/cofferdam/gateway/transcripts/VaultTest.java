package dev.cofferdam.gateway.transcripts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class VaultTest {
  private static final TenantId ACME = new TenantId("acme");
  private static final byte[] PLAIN = "a question".getBytes(StandardCharsets.UTF_8);
  private static final RequestId ID = RequestId.random();
  private static final TranscriptEntry ENTRY = new TranscriptEntry(ID, 1_000, 2_000);

  private final Vault vault = new Vault(new byte[32]);
  private final byte[] sealedKey = vault.newKey(ACME);
  private final Vault.TenantKey key = vault.open(ACME, sealedKey);

  @Test
  void whatWasSealedOpensForItsEntry() {
    assertThat(key.open(ENTRY, key.seal(ENTRY, PLAIN))).hasValue(PLAIN);
  }

  @Test
  void itOpensForNoOtherRequestNoOtherTimeAndNoOtherKey() {
    byte[] sealed = key.seal(ENTRY, PLAIN);

    assertThat(key.open(new TranscriptEntry(RequestId.random(), 1_000, 2_000), sealed)).isEmpty();
    assertThat(key.open(new TranscriptEntry(ID, 1_000, 3_000), sealed)).isEmpty();
    assertThat(key.open(new TranscriptEntry(ID, 1_001, 2_000), sealed)).isEmpty();
    assertThat(vault.open(ACME, vault.newKey(ACME)).open(ENTRY, sealed)).isEmpty();
    sealed[sealed.length - 1] ^= 1;
    assertThat(key.open(ENTRY, sealed)).isEmpty();
    assertThat(key.open(ENTRY, new byte[3])).isEmpty();
  }

  @Test
  void aKeyOpensForItsTenantAndUnderItsMasterOnly() {
    byte[] other = new byte[32];
    other[0] = 1;

    assertThatThrownBy(() -> vault.open(new TenantId("globex"), sealedKey))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> new Vault(other).open(ACME, sealedKey))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void nothingIsSealedTwiceAlike() {
    assertThat(key.seal(ENTRY, PLAIN)).isNotEqualTo(key.seal(ENTRY, PLAIN));
    assertThat(vault.newKey(ACME)).isNotEqualTo(sealedKey);
  }

  @Test
  void aShortSecretIsRefused() {
    assertThatThrownBy(() -> new Vault(new byte[31]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("31 bytes (expected: at least 32)");
  }
}
