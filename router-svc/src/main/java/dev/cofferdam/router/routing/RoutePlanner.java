package dev.cofferdam.router.routing;

import dev.cofferdam.router.affinity.PrefixIndex;
import dev.cofferdam.router.fleet.FleetView;
import dev.cofferdam.router.fleet.FleetView.PoolSeats;
import dev.cofferdam.router.fleet.Seat;
import dev.cofferdam.router.fleet.Worker;
import dev.cofferdam.router.health.Breakers;
import dev.cofferdam.router.routing.Entitlements.Result;
import dev.cofferdam.router.routing.Scorer.RequestView;
import dev.cofferdam.router.tenancy.Directory;
import dev.cofferdam.router.tenancy.Directory.PoolRecord;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Filter, score, pick: from an envelope to the pool whose best worker scores highest, and that
 * pool's workers, best first. What a request may do comes from the tenant's record alone.
 */
public final class RoutePlanner {
  /** Workers that the scheduler is told of. */
  public static final int CANDIDATES_MAX = 64;

  /** Workers that are named as left out. */
  private static final int LEFT_OUT_MAX = 8;

  private static final int TENANTS_REMEMBERED_MAX = 100_000;

  private final Directory directory;
  private final PrefixIndex index;
  private final Scorers scorers;
  private final Conditions conditions;
  private final Entitlements entitlements;
  private final Pins pins = new Pins();
  private final Shortage shortage = new Shortage();
  private final Map<TenantId, String> lastWorkers =
      Collections.synchronizedMap(
          new LinkedHashMap<>(256, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<TenantId, String> eldest) {
              return size() > TENANTS_REMEMBERED_MAX;
            }
          });

  public RoutePlanner(
      Directory directory, PrefixIndex index, RoutingWeights weights, Conditions conditions) {
    this.directory = directory;
    this.index = index;
    this.scorers = new Scorers(weights, conditions.zone());
    this.conditions = conditions;
    this.entitlements = new Entitlements(directory);
  }

  /** A tenant was served by a worker. */
  public void served(TenantId tenant, String workerId) {
    lastWorkers.put(tenant, workerId);
  }

  /**
   * When a placement is planned.
   *
   * @param nowMs now
   * @param startedMs when the placement began: an excluded worker that came back since then counts
   *     again
   */
  public record Moment(long nowMs, long startedMs) {}

  /**
   * Routes a request.
   *
   * @param lastResort whether an excluded worker is taken where no other is left
   */
  public Route plan(Envelope request, FleetView fleet, Moment moment, boolean lastResort) {
    Route route = plan(request, fleet, moment);
    if (lastResort && route instanceof Route.NoWorker && !request.excludedWorkers().isEmpty()) {
      return plan(request.withoutExclusions(), fleet, moment);
    }
    return route;
  }

  /** Routes a request, never to an excluded worker that did not come back since it began. */
  public Route plan(Envelope request, FleetView fleet, Moment moment) {
    return switch (entitlements.examine(request)) {
      case Result.Denied denied -> denied.route();
      case Result.Entitled entitled -> rank(request, entitled, fleet, moment);
    };
  }

  private Route rank(Envelope request, Result.Entitled entitled, FleetView fleet, Moment moment) {
    String version = entitled.adapterVersion();
    if (request.generatedTokens() == 0) {
      OptionalLong wait =
          conditions.breakers().enter(new Breakers.Key(request.model(), version), moment.nowMs());
      if (wait.isPresent()) {
        return notNow("what was asked for fails at the moment", wait.getAsLong());
      }
    }
    RequestView view =
        new RequestView(
            request,
            version.isEmpty() ? "" : request.model() + "/" + version,
            lastWorkers.getOrDefault(request.tenant(), ""));
    // Digests are of the version that the gateway chose.
    boolean sameVersion =
        request.adapterVersion().isEmpty() || request.adapterVersion().equals(version);
    int[] matched = index.match(sameVersion ? request.prefixDigests() : List.of(), fleet.numbers());
    @Nullable Ranking best = null;
    List<LeftOut> leftOut = List.of();
    boolean shed = false;
    for (PoolSeats pool : fleet.serving(request.model())) {
      PoolRecord record =
          directory.pool(pool.pool()).orElseGet(() -> PoolRecord.shared(pool.pool()));
      if (!PoolFilter.allows(entitled.tenant(), entitled.model(), request, record)) {
        continue;
      }
      Eligible eligible = eligible(entitled.tenant(), pool, record, fleet, request, moment);
      List<Seat> seats = eligible.seats();
      if (seats.isEmpty()) {
        continue;
      }
      if (isShort(pool, fleet, moment) && entitled.tenant().tier() == Tier.FREE) {
        shed = true;
        continue;
      }
      Ranking ranking = new Ranking(pool.pool(), seats, matched, view, scorers);
      if (best == null || ranking.isBetterThan(best)) {
        best = ranking;
        leftOut = eligible.leftOut();
      }
    }
    if (best == null) {
      return shed
          ? notNow("capacity is short, and this tenant's tier is served last", 5_000)
          : new Route.NoWorker(
              Refusal.of(
                      ErrorCode.NO_CAPACITY, "no worker of a pool that this tenant may use is live")
                  .withRetryAfter(Duration.ofSeconds(2)));
    }
    return new Route.Ranked(
        best.pool(),
        entitled.tenant(),
        version,
        best.candidates(CANDIDATES_MAX, view, scorers),
        leftOut);
  }

  private boolean isShort(PoolSeats pool, FleetView fleet, Moment moment) {
    int slots = 0;
    int running = 0;
    for (int i = 0; i < pool.size(); i++) {
      Seat seat = pool.seat(i);
      if (fleet.isLive(seat, moment.nowMs())) {
        slots += seat.slots();
        running += seat.running();
      }
    }
    return shortage.of(pool.pool(), slots, running, moment.nowMs());
  }

  /** Workers of a pool that a request may go to, and some of those that it may not. */
  private record Eligible(List<Seat> seats, List<LeftOut> leftOut) {}

  /**
   * The workers of a pool that a request may go to: live, not draining, not just failed by it, and
   * its tenant's share of a pool with pinned tenants. Those that are ejected only where that is
   * more than half of them: then the cause is not theirs.
   */
  private Eligible eligible(
      TenantProfile tenant,
      PoolSeats pool,
      PoolRecord record,
      FleetView fleet,
      Envelope request,
      Moment moment) {
    Pins.Owners owners =
        pins.of(
            request.model(),
            pool,
            record.dedicatedTenant().isEmpty() ? directory.pins() : List.of());
    @Nullable TenantId owner = owners.has(request.tenant()) ? request.tenant() : null;
    List<Seat> seats = new ArrayList<>(pool.size());
    List<Seat> ejected = new ArrayList<>();
    List<Seat> others = new ArrayList<>();
    List<LeftOut> leftOut = new ArrayList<>(0);
    for (int i = 0; i < pool.size(); i++) {
      Seat seat = pool.seat(i);
      if (!PoolFilter.allows(tenant, seat.worker())) {
        continue;
      }
      LeftOut.@Nullable Reason reason = whyNot(seat, fleet, request, moment);
      if (reason != null) {
        if (leftOut.size() < LEFT_OUT_MAX) {
          leftOut.add(new LeftOut(seat.worker().id(), reason));
        }
        continue;
      }
      if (!owners.none() && !owners.isOf(i, owner)) {
        others.add(seat);
      } else if (conditions.workers().ejected(seat.worker().id(), moment.nowMs())) {
        ejected.add(seat);
      } else {
        seats.add(seat);
      }
    }
    if (ejected.size() > seats.size()) {
      seats.addAll(ejected);
      seats.sort(Comparator.comparing(seat -> seat.worker().id()));
    } else {
      for (Seat seat : ejected) {
        String id = seat.worker().id();
        conditions
            .workers()
            .ejection(id, moment.nowMs())
            .filter(unused -> leftOut.size() < LEFT_OUT_MAX)
            .ifPresent(ejection -> leftOut.add(LeftOut.ejected(id, ejection)));
      }
    }
    return new Eligible(seats.isEmpty() && owner == null ? others : seats, leftOut);
  }

  private static LeftOut.@Nullable Reason whyNot(
      Seat seat, FleetView fleet, Envelope request, Moment moment) {
    Worker worker = seat.worker();
    if (!fleet.isLive(seat, moment.nowMs())) {
      return LeftOut.Reason.SILENT;
    }
    if (worker.load().draining()) {
      return LeftOut.Reason.DRAINING;
    }
    boolean failed =
        !request.excludedWorkers().isEmpty()
            && request.excludedWorkers().contains(worker.id())
            && worker.attachedMs() <= moment.startedMs();
    return failed ? LeftOut.Reason.FAILED_REQUEST : null;
  }

  private static Route notNow(String message, long waitMs) {
    return new Route.Refused(
        Refusal.of(ErrorCode.NO_CAPACITY, message).withRetryAfter(Duration.ofMillis(waitMs)));
  }
}
