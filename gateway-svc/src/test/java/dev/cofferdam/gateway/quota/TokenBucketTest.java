package dev.cofferdam.gateway.quota;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.quota.Decision.Verdict;
import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.Burst;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.TimeMeter;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The bucket in front of the windows, and Bucket4j as a second opinion. */
class TokenBucketTest {
  private static final long WINDOW_MS = 60_000;

  private long now = 1_000_000;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void grantsExactlyWhatBucket4jGrants(long seed) {
    Random random = new Random(seed);
    Burst burst = new Burst(1 + random.nextInt(40), 30 + random.nextInt(3_000));
    TenantProfile tenant = SampleTenants.tenant("acme", Tier.STANDARD, burst, Budgets.NONE);
    Bounds bounds = new Bounds(1_000_000, 1_000_000, 1_000_000, 1_000_000, burst, Budgets.NONE);
    LocalLimits limits = new LocalLimits(WINDOW_MS);
    Bucket bucket =
        Bucket.builder()
            .addLimit(
                limit ->
                    limit
                        .capacity(burst.requests())
                        .refillGreedy(burst.requestsPerMinute(), Duration.ofMillis(WINDOW_MS)))
            .withCustomTimePrecision(new Clock())
            .build();
    for (int step = 0; step < 5_000; step++) {
      now += random.nextInt(step % 1_000 < 900 ? 2_000 * burst.requests() / 100 + 20 : 1);
      Reservation r = new Reservation(RequestId.random(), tenant, "m", 1, 1);
      Verdict verdict = limits.decide(now, r, bounds, Spent.NOTHING).verdict();
      limits.settle(tenant.id(), r.request(), 0);
      assertThat(verdict)
          .as("seed %d step %d %s", seed, step, burst)
          .isEqualTo(bucket.tryConsume(1) ? Verdict.GRANTED : Verdict.BURST);
    }
  }

  private final class Clock implements TimeMeter {
    @Override
    public long currentTimeNanos() {
      return now * 1_000_000;
    }

    @Override
    public boolean isWallClockBased() {
      return false;
    }
  }
}
