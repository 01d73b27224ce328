package dev.cofferdam.gateway.quota;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.Burst;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantLimits;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Gateways that lease slices from a store as naive as can be, in simulated time. */
class LeasedLimitsTest {
  private static final long WINDOW_MS = 60_000;
  private static final int GATEWAYS = 3;
  private static final LeaseSettings SETTINGS = LeaseSettings.DEFAULTS;

  private TenantProfile tenant =
      SampleTenants.tenant("acme", Tier.STANDARD, new Burst(6_000, 60_000), Budgets.NONE);
  private final List<Entry> store = new ArrayList<>();
  private final List<LeasedLimits> gateways = new ArrayList<>();
  private long now = 1_000_000;

  /** What the store knows of a slice, or of a request that it decided. */
  private static final class Entry {
    private final RequestId id;
    private final long atMs;
    private long requests;
    private long tokens;
    private long places;

    Entry(RequestId id, long atMs, long requests, long tokens, long places) {
      this.id = id;
      this.atMs = atMs;
      this.requests = requests;
      this.tokens = tokens;
      this.places = places;
    }
  }

  /** A request in flight, of a slice or of the store's own. */
  private record Running(
      int gateway, Slice slice, Entry entry, long endsMs, long reserved, long used) {}

  /** What was granted, when. */
  private record Grant(long atMs, long used) {}

  LeasedLimitsTest() {
    for (int i = 0; i < GATEWAYS; i++) {
      gateways.add(new LeasedLimits(SETTINGS));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void noWindowGetsMoreThanTheLimitAndOneSliceForEachGateway(long seed) {
    Random random = new Random(seed);
    List<Running> running = new ArrayList<>();
    List<Grant> grants = new ArrayList<>();
    long used = 0;
    int load = 1 + random.nextInt(4); // of 100, 200, 300 or 400 requests a second
    TenantLimits limits = tenant.limits();
    for (long end = now + 100_000; now < end; now++) {
      for (int i = 0; i < load; i++) {
        if (random.nextInt(10) == 0) {
          int gateway = random.nextInt(GATEWAYS);
          Running granted = request(gateway, 20 + random.nextInt(180), random);
          if (granted != null) {
            running.add(granted);
            grants.add(new Grant(now, granted.used()));
            used += granted.used();
          }
        }
      }
      running.removeIf(this::ended);
      if (now % 50 == 0) {
        giveBackWhatIsDue();
      }
      if (now % 5_000 == 0) {
        String where = "seed " + seed + " at " + now;
        long from = now - WINDOW_MS;
        grants.removeIf(g -> g.atMs() <= from);
        long slices = GATEWAYS * (long) limits.requestsPerMinute() / SETTINGS.parts();
        assertThat(grants.size()).as(where).isLessThanOrEqualTo((int) (10_000 + slices));
        assertThat(grants.stream().mapToLong(Grant::used).sum())
            .as(where)
            .isLessThanOrEqualTo(
                limits.tokensPerMinute() + GATEWAYS * limits.tokensPerMinute() / SETTINGS.parts());
        assertThat(running.size()).as(where).isLessThanOrEqualTo(limits.concurrentRequests());
      }
    }
    while (!running.isEmpty() || gateways.stream().anyMatch(g -> !g.held().isEmpty())) {
      now += 50;
      running.removeIf(this::ended);
      giveBackWhatIsDue();
    }
    assertThat(store.stream().mapToLong(e -> e.tokens).sum()).as("seed " + seed).isEqualTo(used);
    assertThat(store.stream().mapToLong(e -> e.places).sum()).as("seed " + seed).isZero();
  }

  @Test
  void almostAllOfASteadyStreamIsDecidedHere() {
    Random random = new Random(7);
    List<Running> running = new ArrayList<>();
    int local = 0;
    int all = 0;
    for (long end = now + 20_000; now < end; now += 8) {
      Running granted = request(0, 50, random);
      all++;
      if (granted != null && granted.slice() != null) {
        local++;
      }
      running.add(granted);
      running.removeIf(this::ended);
      giveBackWhatIsDue();
    }
    assertThat(local).isGreaterThanOrEqualTo(all * 99 / 100);
  }

  @Test
  void aChangedRecordIsInForceAtTheNextRequest() {
    Random random = new Random(3);
    for (int i = 0; i < 8; i++) {
      request(0, 50, random);
    }
    assertThat(gateways.getFirst().take(now, reservation(50), 0)).isNotNull();

    tenant = SampleTenants.tenant("acme", Tier.STANDARD, new Burst(1, 1), Budgets.NONE);

    assertThat(gateways.getFirst().take(now, reservation(50), 0)).isNull();
    assertThat(gateways.getFirst().takeNext(now, reservation(50), 0)).isNull();
  }

  @Test
  void aSliceIsNotUsedBeyondItsTimeEvenIfNobodyCameToEndIt() {
    Random random = new Random(3);
    for (int i = 0; i < 8; i++) {
      request(0, 50, random);
    }
    now += SETTINGS.sliceMs();

    assertThat(gateways.getFirst().take(now, reservation(50), 0)).isNull();
  }

  private Running request(int gateway, long tokens, Random random) {
    LeasedLimits limits = gateways.get(gateway);
    Reservation reservation = reservation(tokens);
    Slice slice = limits.take(now, reservation, 0);
    if (slice == null) {
      slice = limits.takeNext(now, reservation, 0);
    }
    limits
        .ask(now, reservation, 1)
        .ifPresent(
            size -> {
              Slice granted = lease(size);
              if (granted == null) {
                limits.notGranted(tenant.id(), "m", now);
              } else {
                limits.granted(granted, now);
              }
            });
    long endsMs = now + random.nextInt(3_000);
    long used = random.nextLong(tokens + 1);
    if (slice != null) {
      return new Running(gateway, slice, null, endsMs, tokens, used);
    }
    Slice.Size free = free();
    if (free.requests() < 1 || free.tokens() < tokens || free.inFlight() < 1) {
      return null;
    }
    Entry entry = new Entry(reservation.request(), now, 1, tokens, 1);
    store.add(entry);
    return new Running(gateway, null, entry, endsMs, tokens, used);
  }

  private boolean ended(Running r) {
    if (r == null || r.endsMs() > now) {
      return r == null;
    }
    if (r.slice() == null) {
      r.entry().tokens = r.used();
      r.entry().places = 0;
    } else if (gateways.get(r.gateway()).settle(r.slice(), r.reserved(), 0, r.used(), 0)) {
      giveBack(r.slice());
    }
    return true;
  }

  private void giveBackWhatIsDue() {
    gateways.forEach(gateway -> gateway.due(now).forEach(this::giveBack));
  }

  private Slice lease(Slice.Size wanted) {
    Slice.Size free = free();
    Slice.Size size =
        new Slice.Size(
            Math.min(wanted.requests(), free.requests()),
            Math.min(wanted.tokens(), free.tokens()),
            Math.min(wanted.inFlight(), free.inFlight()),
            0);
    if (size.requests() < 1 || size.tokens() < 1 || size.inFlight() < 1) {
      return null;
    }
    RequestId id = RequestId.random();
    store.add(new Entry(id, now, size.requests(), size.tokens(), size.inFlight()));
    return new Slice(id, tenant, "m", size, now, now);
  }

  private void giveBack(Slice slice) {
    for (Entry e : store) {
      if (e.id.equals(slice.id())) {
        assertThat(e.places).as("given back once").isPositive();
        e.requests = slice.usedRequests();
        e.tokens = slice.usedTokens();
        e.places = 0;
      }
    }
  }

  private Slice.Size free() {
    long requests = tenant.limits().requestsPerMinute();
    long tokens = tenant.limits().tokensPerMinute();
    long places = tenant.limits().concurrentRequests();
    for (Entry e : store) {
      boolean inWindow = e.atMs + WINDOW_MS > now;
      requests -= inWindow ? e.requests : 0;
      tokens -= inWindow || e.places > 0 ? e.tokens : 0;
      places -= e.places;
    }
    return new Slice.Size(requests, tokens, places, 0);
  }

  private Reservation reservation(long tokens) {
    return new Reservation(RequestId.random(), tenant, "m", tokens / 2, tokens - tokens / 2);
  }
}
