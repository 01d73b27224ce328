package dev.cofferdam.vocabulary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VocabularyTest {
  private static final byte[] SECRET = new byte[32];

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "A",
        "a_b",
        "a b",
        "a/b",
        "tenant\n",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      })
  void aTenantIdOfAnotherFormIsRefused(String value) {
    assertThatThrownBy(() -> new TenantId(value)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "spiffe://d/tenant/",
        "spiffe://d/tenant/a/b",
        "spiffe://d/operator/a/b",
        "spiffe://d/service/database",
        "spiffe://d/service/anonymous",
        "spiffe://d/service/tenant",
        "spiffe://D/tenant/a",
        "https://d/tenant/a",
        "spiffe://d/tenant/a?x",
        "spiffe://d/tenant/../operator/a"
      })
  void aUriThatIsNoIdentityOfTheMeshIsEmpty(String uri) {
    assertThat(SpiffeId.parse(uri)).isEmpty();
  }

  @Test
  void anIdentityIsReadAndWrittenTheSame() {
    for (String uri :
        List.of(
            "spiffe://a.b/service/worker/worker-1",
            "spiffe://a.b/service/router",
            "spiffe://a.b/tenant/t-1",
            "spiffe://a.b/operator/me")) {
      assertThat(SpiffeId.parse(uri).orElseThrow().uri()).isEqualTo(uri);
    }
    assertThat(SpiffeId.parse("spiffe://a.b/tenant/t-1").orElseThrow().tenant())
        .contains(new TenantId("t-1"));
    assertThat(SpiffeId.parse("spiffe://a.b/operator/t-1").orElseThrow().tenant()).isEmpty();
  }

  @Test
  void equalPrefixesOfOneTenantHaveEqualDigestsAndOnlyThose() {
    int[] tokens = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    int[] other = {1, 2, 3, 4, 5, 6, 7, 0, 9};
    byte[] key = PrefixDigests.tenantKey(SECRET, new TenantId("a"), 0);
    List<byte[]> digests = new PrefixDigests(key, "model", "", 4).ofSequence(tokens, 9, 10);
    List<byte[]> changed = new PrefixDigests(key, "model", "", 4).ofSequence(other, 9, 10);
    assertThat(digests).hasSize(2);
    assertThat(digests.get(0)).isEqualTo(changed.get(0));
    assertThat(digests.get(1)).isNotEqualTo(changed.get(1));
  }

  @Test
  void tenantEpochModelAndAdapterEachChangeEveryDigest() {
    int[] tokens = {1, 2, 3, 4};
    byte[] key = PrefixDigests.tenantKey(SECRET, new TenantId("a"), 0);
    List<byte[]> all =
        List.of(
            new PrefixDigests(key, "model", "", 4).ofSequence(tokens, 4, 1).getFirst(),
            new PrefixDigests(key, "model2", "", 4).ofSequence(tokens, 4, 1).getFirst(),
            new PrefixDigests(key, "mode", "l", 4).ofSequence(tokens, 4, 1).getFirst(),
            new PrefixDigests(PrefixDigests.tenantKey(SECRET, new TenantId("b"), 0), "model", "", 4)
                .ofSequence(tokens, 4, 1)
                .getFirst(),
            new PrefixDigests(PrefixDigests.tenantKey(SECRET, new TenantId("a"), 1), "model", "", 4)
                .ofSequence(tokens, 4, 1)
                .getFirst());
    assertThat(all.stream().map(Arrays::toString).distinct()).hasSize(all.size());
  }

  @Test
  void everyProblemOfALimitIsNamedAtOnce() {
    assertThatThrownBy(() -> new TenantLimits(0, 1, -5, 1, 1, 1))
        .hasMessageContaining("concurrent_requests: 0 (expected: > 0)")
        .hasMessageContaining("tokens_per_minute: -5 (expected: > 0)");
  }

  @Test
  void everyErrorCodeIsFoundByItsWireName() {
    for (ErrorCode code : ErrorCode.values()) {
      assertThat(ErrorCode.ofWireName(code.wireName())).contains(code);
    }
  }

  @Test
  void aGrowingWeightOnlyAddsConversationsToARolloutAndEachRolloutDrawsAnew() {
    int tenth = 0;
    int half = 0;
    int both = 0;
    for (int i = 0; i < 10_000; i++) {
      byte[] conversation = {(byte) i, (byte) (i >> 8)};
      boolean early = RolloutShare.includes(conversation, "v2", 0.1);
      boolean late = RolloutShare.includes(conversation, "v2", 0.5);
      assertThat(!early || late).as("conversation %d", i).isTrue();
      assertThat(RolloutShare.includes(conversation, "v2", 0)).isFalse();
      assertThat(RolloutShare.includes(conversation, "v2", 1)).isTrue();
      tenth += early ? 1 : 0;
      half += late ? 1 : 0;
      both += late && RolloutShare.includes(conversation, "v3", 0.5) ? 1 : 0;
    }
    assertThat(tenth).isBetween(900, 1_100);
    assertThat(half).isBetween(4_800, 5_200);
    assertThat(both).isBetween(2_300, 2_700);
  }
}
