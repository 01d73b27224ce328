package dev.cofferdam.scheduler.preemption;

import dev.cofferdam.scheduler.admission.ClassQueues;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.admission.Waiting;
import dev.cofferdam.scheduler.fairness.FairQueue;
import dev.cofferdam.scheduler.fairness.Flow;
import dev.cofferdam.scheduler.ledger.Lease;
import dev.cofferdam.scheduler.ledger.Ledger;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Chooses who gives way to a request that is next and fits nowhere.
 *
 * <p>A request may ask back what a less urgent class has borrowed: room that it was granted while
 * no more urgent class waited. What a class was granted as its floor is safe. Within its class a
 * request may displace those of a tenant that runs more than its own does, both over their weights,
 * and still does after the exchange; so the one that gave way cannot take its place back the same
 * way, and an exchange always makes shares more equal.
 *
 * <p>The order of victims: the least urgent class, then the tenant that runs most over its weight,
 * then the most KV blocks, then the fewest tokens generated.
 *
 * <p>Not thread-safe.
 */
public final class Victims {
  private final PreemptionRules rules;
  private final Ledger ledger;
  private final ClassQueues queues;
  private long searchAtMs = Long.MIN_VALUE;

  public Victims(PreemptionRules rules, Ledger ledger, ClassQueues queues) {
    this.rules = rules;
    this.ledger = ledger;
    this.queues = queues;
  }

  /**
   * Who gives way.
   *
   * @param workerId where there is room then
   * @param leases suspended in the ledger already; neither told nor charged yet
   */
  public record Yield(String workerId, List<Lease> leases) {
    public Yield {
      leases = List.copyOf(leases);
    }
  }

  /**
   * Makes room for a request.
   *
   * @param paused the request's own lease, where it is preempted itself
   * @param slotExpectedMs when a slot is expected to be free without this; below 0 where nobody
   *     knows
   * @return empty where nobody has to give way; the ledger is unchanged then
   */
  public Optional<Yield> yieldTo(
      Waiting waiting, Optional<Lease> paused, long slotExpectedMs, long nowMs) {
    PoolRequest request = waiting.request();
    boolean soon = slotExpectedMs >= 0 && slotExpectedMs < rules.waitMsMin();
    if (rules.timesMax() == 0 || soon || nowMs < searchAtMs || !mayBeFound(request)) {
      return Optional.empty();
    }
    Optional<Yield> found = search(waiting, paused, nowMs);
    if (found.isEmpty()) {
      searchAtMs = nowMs + rules.searchMsMin();
    }
    return found;
  }

  private boolean mayBeFound(PoolRequest request) {
    WorkloadClass own = request.workloadClass();
    for (WorkloadClass c : WorkloadClass.values()) {
      if (c.compareTo(own) > 0 && ledger.borrowed(c) > 0) {
        return true;
      }
    }
    FairQueue<Waiting> queue = queues.of(own);
    return queue.mostRunning().filter(most -> runsMore(most, 0, queue, request)).isPresent();
  }

  /** Whether a tenant still runs no less than a request's after an exchange, over the weights. */
  private static boolean runsMore(
      Flow<Waiting> flow, int alreadyTaken, FairQueue<Waiting> queue, PoolRequest request) {
    String tenant = request.tenant().value();
    double own = queue.find(tenant).map(mine -> mine.shareWith(1)).orElse(1 / request.weight());
    return !flow.tenant().equals(tenant) && flow.shareWith(-1 - alreadyTaken) >= own;
  }

  private Optional<Yield> search(Waiting waiting, Optional<Lease> paused, long nowMs) {
    Map<String, List<Lease>> byWorker = new HashMap<>();
    Map<String, Integer> takenOf = new HashMap<>();
    List<Lease> all = new ArrayList<>();
    for (Lease lease : candidates(waiting, nowMs)) {
      if (!mayTake(lease, waiting.request(), takenOf)) {
        continue;
      }
      List<Lease> here = byWorker.computeIfAbsent(lease.workerId(), id -> new ArrayList<>());
      if (here.size() == rules.victimsMax()) {
        continue;
      }
      ledger.suspend(lease, nowMs);
      here.add(lease);
      all.add(lease);
      takenOf.merge(account(lease), 1, Integer::sum);
      if (fits(waiting, paused, lease.workerId())) {
        all.removeAll(here);
        all.forEach(other -> ledger.unsuspend(other, nowMs));
        return Optional.of(new Yield(lease.workerId(), onlyNeeded(here, waiting, paused, nowMs)));
      }
    }
    all.forEach(lease -> ledger.unsuspend(lease, nowMs));
    return Optional.empty();
  }

  /** Lets those run on whose room is not needed after all, the best victims last. */
  private List<Lease> onlyNeeded(
      List<Lease> taken, Waiting waiting, Optional<Lease> paused, long nowMs) {
    List<Lease> needed = new ArrayList<>(taken);
    for (int i = taken.size() - 2; i >= 0; i--) {
      Lease lease = taken.get(i);
      ledger.unsuspend(lease, nowMs);
      if (fits(waiting, paused, lease.workerId())) {
        needed.remove(lease);
      } else {
        ledger.suspend(lease, nowMs);
      }
    }
    return needed;
  }

  private boolean fits(Waiting waiting, Optional<Lease> paused, String workerId) {
    return paused.isPresent()
        ? ledger.canGoOn(paused.get(), Set.of())
        : ledger.fits(waiting.request(), waiting.attachmentsSeen(), workerId);
  }

  private boolean mayTake(Lease lease, PoolRequest request, Map<String, Integer> takenOf) {
    WorkloadClass own = request.workloadClass();
    int urgency = lease.request().workloadClass().compareTo(own);
    if (urgency != 0) {
      return urgency > 0 && lease.borrowed();
    }
    FairQueue<Waiting> queue = queues.of(own);
    int taken = takenOf.getOrDefault(account(lease), 0);
    return queue
        .find(lease.request().tenant().value())
        .filter(flow -> runsMore(flow, taken, queue, request))
        .isPresent();
  }

  private static String account(Lease lease) {
    return lease.request().workloadClass() + "/" + lease.request().tenant().value();
  }

  private List<Lease> candidates(Waiting waiting, long nowMs) {
    List<Lease> found = new ArrayList<>();
    for (Lease lease : ledger.leases()) {
      if (isDue(lease, nowMs) && isPossible(lease, waiting)) {
        found.add(lease);
      }
    }
    found.sort(
        Comparator.comparing((Lease l) -> l.request().workloadClass())
            .reversed()
            .thenComparing(Comparator.comparingDouble(this::share).reversed())
            .thenComparing(Comparator.comparingInt(Lease::kvBlocks).reversed())
            .thenComparingLong(l -> l.request().generatedTokens() + l.served().outputTokens())
            .thenComparing(l -> l.key().toString()));
    return found;
  }

  private boolean isDue(Lease lease, long nowMs) {
    return lease.started()
        && !lease.suspended()
        && lease.successorGeneratedTokens() == null
        && lease.preemptions() < rules.timesMax()
        && nowMs - lease.runningSinceMs() >= rules.ranMsMin();
  }

  private boolean isPossible(Lease lease, Waiting waiting) {
    boolean here =
        waiting.isPaused()
            ? lease.workerId().equals(waiting.pausedOn())
            : ledger.mayServe(waiting.request(), waiting.attachmentsSeen(), lease.workerId());
    return here && mayTake(lease, waiting.request(), Map.of());
  }

  private double share(Lease lease) {
    return queues
        .of(lease.request().workloadClass())
        .find(lease.request().tenant().value())
        .map(flow -> flow.shareWith(0))
        .orElse(0.0);
  }
}
