package dev.cofferdam.router.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.router.health.Attempt;
import dev.cofferdam.router.tenancy.Directory;
import dev.cofferdam.router.tenancy.RolloutGates;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RolloutsTest {
  private static final TenantId ACME = new TenantId("acme");
  private final Record record = new Record();
  private final Rollouts rollouts = new Rollouts(record);
  private long now = 1_000_000;

  /** One adapter with a rollout. */
  private static final class Record implements Directory {
    private boolean running = true;
    private String candidate = "v2";

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public Optional<TenantProfile> tenant(TenantId id) {
      return Optional.empty();
    }

    @Override
    public Optional<ServedModel> model(String id) {
      return Optional.empty();
    }

    @Override
    public Optional<OwnedAdapter> adapter(TenantId owner, String name) {
      return Optional.of(
          new OwnedAdapter(
              name,
              "m",
              "v1",
              Optional.of(new Rollout(candidate, running, new RolloutGates(0.1, 2, 20, 60_000)))));
    }

    @Override
    public List<Pin> pins() {
      return List.of();
    }

    @Override
    public Optional<PoolRecord> pool(String id) {
      return Optional.empty();
    }
  }

  private Optional<Rollouts.Verdict> ended(String version, Attempt.Outcome outcome, long ttftMs) {
    now += 20;
    return rollouts.observe(
        new Attempt(
            ACME, "m", "voice", version, "shared", "w", outcome, 0, ttftMs, OptionalDouble.empty()),
        now);
  }

  @Test
  void aVersionThatFailsMoreOftenIsWithdrawnAndTheVerdictComesUntilTheRolloutEnds() {
    Optional<Rollouts.Verdict> verdict = Optional.empty();
    int requests = 0;
    while (verdict.isEmpty() && requests < 1_000) {
      ended("v1", Attempt.Outcome.COMPLETED, 100);
      verdict =
          ended(
              "v2", requests++ % 3 == 0 ? Attempt.Outcome.FAILED : Attempt.Outcome.COMPLETED, 100);
    }
    assertThat(requests).as("not before there are enough").isEqualTo(20);
    assertThat(verdict.orElseThrow().version()).isEqualTo("v2");
    assertThat(verdict.orElseThrow().reason()).contains("error rate 0.350 beside 0.000");
    assertThat(ended("v2", Attempt.Outcome.COMPLETED, 100)).isPresent();
    record.running = false;
    assertThat(ended("v2", Attempt.Outcome.FAILED, 100)).isEmpty();
  }

  @Test
  void aVersionWhoseFirstTokenTakesTwiceAsLongIsWithdrawn() {
    Optional<Rollouts.Verdict> verdict = Optional.empty();
    for (int i = 0; i < 19; i++) {
      assertThat(ended("v2", Attempt.Outcome.COMPLETED, 500)).isEmpty();
    }
    for (int i = 0; i < 25; i++) {
      ended("v1", Attempt.Outcome.COMPLETED, 100);
    }
    verdict = ended("v2", Attempt.Outcome.COMPLETED, 500);
    assertThat(verdict.orElseThrow().reason()).contains("time to the first token");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void aVersionThatDoesAsTheCurrentOneStays(long seed) {
    Random random = new Random(seed);
    for (int i = 0; i < 3_000; i++) {
      boolean failed = random.nextInt(100) < 3;
      assertThat(
              ended(
                  random.nextInt(10) < 3 ? "v2" : "v1",
                  failed ? Attempt.Outcome.FAILED : Attempt.Outcome.COMPLETED,
                  80 + random.nextInt(80)))
          .as("seed %d request %d", seed, i)
          .isEmpty();
    }
  }

  @Test
  void aServiceThatFailsForBothVersionsIsNoReasonToWithdrawOne() {
    for (int i = 0; i < 200; i++) {
      assertThat(ended(i % 2 == 0 ? "v1" : "v2", Attempt.Outcome.FAILED, 0)).isEmpty();
    }
  }

  @Test
  void cancelledRequestsAndThoseOfOtherVersionsDoNotCount() {
    for (int i = 0; i < 100; i++) {
      assertThat(ended("v2", Attempt.Outcome.CANCELLED, 0)).isEmpty();
      assertThat(ended("v0", Attempt.Outcome.FAILED, 0)).isEmpty();
      ended("v1", Attempt.Outcome.COMPLETED, 50);
    }
    for (int i = 0; i < 19; i++) {
      assertThat(ended("v2", Attempt.Outcome.FAILED, 0)).isEmpty();
    }
    record.candidate = "v3";
    for (int i = 0; i < 19; i++) {
      assertThat(ended("v3", Attempt.Outcome.FAILED, 0)).as("the next begins anew").isEmpty();
    }
    assertThat(ended("v3", Attempt.Outcome.FAILED, 0)).isPresent();
  }

  @Test
  void whatIsOlderThanTheWindowIsForgotten() {
    for (int i = 0; i < 19; i++) {
      assertThat(ended("v2", Attempt.Outcome.FAILED, 0)).isEmpty();
    }
    now += 61_000;
    assertThat(ended("v2", Attempt.Outcome.FAILED, 0)).isEmpty();
  }
}
