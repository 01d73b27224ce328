package dev.cofferdam.gateway.quota;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.quota.Decision.Verdict;
import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.Burst;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LocalLimitsTest {
  private static final long WINDOW_MS = 1_000;
  private static final long FOREVER = Long.MAX_VALUE / 4;

  private final TenantProfile tenant = SampleTenants.tenant("acme", Tier.STANDARD, 5, 10, 100);
  private final LocalLimits limits = new LocalLimits(WINDOW_MS);

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
  void decidesAsTheModelDoesInEveryHistory(long seed) {
    Random random = new Random(seed);
    WindowModel model = new WindowModel(WINDOW_MS);
    Burst burst = new Burst(3 + random.nextInt(6), 8 + random.nextInt(12));
    List<Reservation> open = new ArrayList<>();
    long now = 1_000_000;
    for (int step = 0; step < 2_000; step++) {
      now += random.nextInt(60);
      if (!open.isEmpty() && random.nextInt(100) < 45) {
        Reservation r = open.remove(random.nextInt(open.size()));
        long used = random.nextLong(r.tokens() + 1);
        assertThat(limits.settle(tenant.id(), r.request(), used)).isTrue();
        model.settle(now, r.request().value(), used);
        continue;
      }
      Bounds bounds =
          new Bounds(
              5 + random.nextInt(10),
              3 + random.nextInt(6),
              50 + random.nextInt(100),
              3 + random.nextInt(8),
              burst,
              Budgets.NONE);
      Reservation r = reservation("model-" + random.nextInt(2), random.nextInt(60));
      Decision decision = limits.decide(now, r, bounds, Spent.NOTHING);
      WindowModel.Expected expected =
          model.decide(now, r.request().value(), r.model(), r.tokens(), bounds, FOREVER);
      String where = "seed " + seed + " step " + step;
      if (expected.verdict() != null) {
        assertThat(decision.verdict()).as(where).isEqualTo(expected.verdict());
        assertThat(decision.waitMs()).as(where).isEqualTo(expected.waitMs());
      }
      assertThat(decision.verdict() == Verdict.GRANTED)
          .as(where)
          .isEqualTo(
              !model.history().isEmpty()
                  && model.history().getLast().id().equals(r.request().value()));
      assertThat(decision.state().remainingRequests())
          .as(where)
          .isEqualTo(expected.remainingRequests());
      assertThat(decision.state().remainingTokens()).as(where).isEqualTo(expected.remaining());
      if (decision.verdict() == Verdict.GRANTED) {
        open.add(r);
      }
    }
  }

  @Test
  void settlingTwiceChangesNothing() {
    Reservation r = reservation("m", 40);
    limits.decide(0, r, Bounds.of(tenant.limits(), 1), Spent.NOTHING);

    assertThat(limits.settle(tenant.id(), r.request(), 10)).isTrue();
    assertThat(limits.settle(tenant.id(), r.request(), 99)).isFalse();

    Decision next =
        limits.decide(1, reservation("m", 0), Bounds.of(tenant.limits(), 1), Spent.NOTHING);
    assertThat(next.state().remainingTokens()).isEqualTo(90);
  }

  @Test
  void forgetsTenantsWhoseWindowsAreEmpty() {
    Reservation r = reservation("m", 40);
    limits.decide(0, r, Bounds.of(tenant.limits(), 1), Spent.NOTHING);
    limits.trim(5 * WINDOW_MS);
    assertThat(limits.tenants()).isEqualTo(1);

    limits.settle(tenant.id(), r.request(), 40);
    limits.trim(5 * WINDOW_MS);
    assertThat(limits.tenants()).isZero();
  }

  @Test
  void aGatewaysShareIsNeverLessThanOne() {
    assertThat(Bounds.of(tenant.limits(), 0.5, 1_000))
        .isEqualTo(new Bounds(1, 1, 1, 1, new Burst(1, 1), Budgets.NONE));
    assertThat(Bounds.of(tenant.limits(), 0.5, 2))
        .isEqualTo(new Bounds(5, 2, 50, 2, new Burst(5, 5), Budgets.NONE));
  }

  @Test
  void aBudgetThatWasSpentWhenTheStoreWasLastHeardStopsHereToo() {
    Bounds bounds =
        new Bounds(10, 10, 100, 10, Burst.ofWindow(10), Budgets.stoppingAt(1_000, 9_000));
    Spent spent = new Spent(0, 1_000, 0, 0, 1_000, 0, 0, 0);

    Decision spentDay = limits.decide(5, reservation("m", 1), bounds, spent);
    Decision nextDay = limits.decide(86_400_000, reservation("m", 1), bounds, spent.at(86_400_000));

    assertThat(spentDay.verdict()).isEqualTo(Verdict.DAILY_TOKENS);
    assertThat(spentDay.waitMs()).isEqualTo(Decision.NEVER);
    assertThat(nextDay.verdict()).isEqualTo(Verdict.GRANTED);
  }

  private Reservation reservation(String model, long tokens) {
    return new Reservation(RequestId.random(), tenant, model, tokens / 2, tokens - tokens / 2);
  }
}
