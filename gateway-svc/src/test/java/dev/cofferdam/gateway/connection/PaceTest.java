package dev.cofferdam.gateway.connection;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.quota.SampleTenants;
import dev.cofferdam.vocabulary.ConnectionLimits;
import dev.cofferdam.vocabulary.Tier;
import java.util.Arrays;
import java.util.PriorityQueue;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PaceTest {
  private static final long SECOND_NS = 1_000_000_000L;

  @Test
  void whatIsUnlimitedNeverWaits() {
    Pace pace = new Pace();
    for (int i = 0; i < 1_000; i++) {
      assertThat(pace.sent(1 << 20, i)).isZero();
    }
  }

  @Test
  void silenceIsMadeUpForOnlyByATenthOfASecond() {
    Pace pace = new Pace();
    pace.limit(8_000);
    assertThat(pace.sent(100, 0)).isZero();
    assertThat(pace.sent(50, 0)).isEqualTo(50_000_000);
    assertThat(pace.sent(100, 100 * SECOND_NS)).isZero();
    assertThat(pace.sent(100, 100 * SECOND_NS)).isEqualTo(SECOND_NS / 10);
  }

  @Test
  void streamsOnAllConnectionsOfATenantShareItsPaceAsItsRecordHasIt() {
    TenantConnections all = new TenantConnections();
    ClientConnection first = all.open();
    ClientConnection second = all.open();
    Pace one = paceOf(first, "a", 8_000);
    assertThat(paceOf(second, "a", 8_000)).isSameAs(one);
    assertThat(paceOf(all.open(), "b", 8_000)).isNotSameAs(one);
    one.sent(1_100, 0);
    paceOf(second, "a", 0);
    assertThat(one.sent(1_000, 0)).as("the record says unlimited now").isZero();
  }

  private static Pace paceOf(ClientConnection connection, String tenant, long bits) {
    ConnectionLimits limits = new ConnectionLimits(9, 60, bits);
    return ((Claim.Held) connection.claim(SampleTenants.tenant(tenant, Tier.FREE, limits))).pace();
  }

  /** Streams that always have something to send, in chunks of a random size of their own. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void theSumKeepsItsSpeedAndStreamsTakeTurns(long seed) {
    Random random = new Random(seed);
    int streams = 1 + random.nextInt(40);
    long bits = 64_000L << random.nextInt(6);
    int chunk = 50 + random.nextInt(1_000);
    Pace pace = new Pace();
    pace.limit(bits);
    long[] sent = new long[streams];
    PriorityQueue<long[]> ready = new PriorityQueue<>((a, b) -> Long.compare(a[0], b[0]));
    for (int i = 0; i < streams; i++) {
      ready.add(new long[] {0, i});
    }
    long endNs = 10 * SECOND_NS;
    long total = 0;
    for (long[] next = ready.poll(); next != null && next[0] < endNs; next = ready.poll()) {
      long nowNs = next[0];
      sent[(int) next[1]] += chunk;
      total += chunk;
      double allowed = bits / 8.0 * (nowNs + Pace.BURST_NS) / SECOND_NS + (double) streams * chunk;
      assertThat((double) total).as("seed %d at %d ns", seed, nowNs).isLessThanOrEqualTo(allowed);
      ready.add(new long[] {nowNs + pace.sent(chunk, nowNs), next[1]});
    }
    assertThat((double) total).as("seed %d", seed).isGreaterThan(bits / 8.0 * 10 - 2.0 * chunk);
    long most = Arrays.stream(sent).max().orElseThrow();
    long least = Arrays.stream(sent).min().orElseThrow();
    long burst = bits / 80 + chunk;
    assertThat(most - least).as("seed %d", seed).isLessThanOrEqualTo(burst + chunk);
  }
}
