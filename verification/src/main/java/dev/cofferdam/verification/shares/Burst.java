package dev.cofferdam.verification.shares;

import dev.cofferdam.verification.simulation.VirtualTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Two tenants on four workers of 32 slots: A sends steadily, B begins to send far more than all of
 * them serve, which is about 55 requests a second. Poisson arrivals; 64 to 256 input and 32 to 96
 * output tokens.
 */
public final class Burst {
  private static final int SLOTS = 32;
  private static final long SECOND_US = 1_000_000;

  private final Policy policy;
  private final double ratePerSecondA;
  private final boolean together;
  private final double ratePerSecondB;
  private final long burstAtUs;
  private final long endUs;
  private final VirtualTime time = new VirtualTime();
  private final SplittableRandom random;
  private final Map<String, SharedPool> pools = new TreeMap<>();
  private final Map<String, List<Double>> ttftMs = new TreeMap<>();
  private final Map<String, List<Double>> queuedMs = new TreeMap<>();
  private final Map<String, Double> bucket = new TreeMap<>();
  private final Map<String, Long> filledUs = new TreeMap<>();
  private final Map<String, List<double[]>> curves = new TreeMap<>();
  private final Map<String, Double> last = new TreeMap<>();
  private final Map<String, Double> whileBothWait = new TreeMap<>();
  private long ids;
  private int refused;

  /**
   * @param ratePerSecondA requests per second of A
   * @param ratePerSecondB requests per second of B in its burst; 0: A is alone
   * @param together whether A begins with B's burst, too; else it sends all the time
   * @param seconds how long; B's burst begins after a quarter of it
   */
  public Burst(
      Policy policy,
      double ratePerSecondA,
      double ratePerSecondB,
      boolean together,
      int seconds,
      long seed) {
    this.policy = policy;
    this.ratePerSecondA = ratePerSecondA;
    this.ratePerSecondB = ratePerSecondB;
    this.together = together;
    this.endUs = seconds * SECOND_US;
    this.burstAtUs = endUs / 4;
    this.random = new SplittableRandom(seed);
    if (policy == Policy.DEDICATED) {
      pools.put("A", pool(2));
      pools.put("B", pool(2));
    } else {
      SharedPool shared = pool(4);
      pools.put("A", shared);
      pools.put("B", shared);
    }
  }

  private SharedPool pool(int workers) {
    return new SharedPool(time, workers, SLOTS, policy.preemption(), this::done);
  }

  /** Runs it. */
  public Burst run() {
    SplittableRandom a = random.split();
    SplittableRandom b = random.split();
    arrivals("A", ratePerSecondA, a, together ? burstAtUs : 0);
    if (ratePerSecondB > 0) {
      arrivals("B", ratePerSecondB, b, burstAtUs);
    }
    sample();
    while (time.step(endUs)) {
      // Until the end.
    }
    return this;
  }

  private void arrivals(String tenant, double ratePerSecond, SplittableRandom own, long fromUs) {
    long gapUs = Math.round(-Math.log(1 - own.nextDouble()) / ratePerSecond * SECOND_US);
    time.at(
        Math.max(fromUs, time.nowUs()) + gapUs,
        () -> {
          arrive(tenant, own);
          arrivals(tenant, ratePerSecond, own, fromUs);
        });
  }

  private void arrive(String tenant, SplittableRandom own) {
    int prompt = own.nextInt(64, 257);
    int outputMax = 96;
    int output = own.nextInt(32, outputMax + 1);
    if (policy == Policy.RATE_LIMITS && !allowed(tenant)) {
      refused++;
      return;
    }
    SharedPool pool = pool(tenant);
    // First come, first served: one account for everybody.
    String account = policy.fair() || policy == Policy.DEDICATED ? tenant : "all";
    Work work =
        new Work(
            tenant,
            pool.request(++ids, account, policy.weightOf(tenant), prompt, outputMax),
            output,
            time.nowUs());
    time.after(2 * SharedPool.MESSAGE_US, () -> pool.offer(work));
  }

  /** A bucket of 25 requests for each tenant, filled with 25 a second: half of what is served. */
  private boolean allowed(String tenant) {
    double tokens =
        Math.min(
            25,
            bucket.getOrDefault(tenant, 25.0)
                + 25.0 * (time.nowUs() - filledUs.getOrDefault(tenant, 0L)) / SECOND_US);
    filledUs.put(tenant, time.nowUs());
    boolean enough = tokens >= 1;
    bucket.put(tenant, enough ? tokens - 1 : tokens);
    return enough;
  }

  private SharedPool pool(String tenant) {
    SharedPool pool = pools.get(tenant);
    if (pool == null) {
      throw new IllegalStateException("no pool of " + tenant);
    }
    return pool;
  }

  private void done(Work work) {
    if (work.arrivedUs >= burstAtUs) {
      ttftMs
          .computeIfAbsent(work.tenant, unused -> new ArrayList<>())
          .add((work.firstTokenUs - work.arrivedUs) / 1_000.0);
      queuedMs
          .computeIfAbsent(work.tenant, unused -> new ArrayList<>())
          .add((work.grantedUs - work.arrivedUs) / 1_000.0);
    }
  }

  private void sample() {
    boolean both = pool("A").waits("A") && pool("B").waits("B");
    for (String tenant : pools.keySet()) {
      double now = pool(tenant).served(tenant);
      if (both) {
        whileBothWait.merge(tenant, now - last.getOrDefault(tenant, 0.0), Double::sum);
      }
      last.put(tenant, now);
      curves
          .computeIfAbsent(tenant, unused -> new ArrayList<>())
          .add(new double[] {time.nowUs() / 1e6, now});
    }
    time.after(50_000, this::sample);
  }

  /** A percentile of a tenant's times to the first token from the burst on, milliseconds. */
  public double ttftMs(String tenant, double share) {
    return percentile(ttftMs, tenant, share);
  }

  /** A percentile of the part of them that requests waited for a worker, milliseconds. */
  public double queuedMs(String tenant, double share) {
    return percentile(queuedMs, tenant, share);
  }

  private static double percentile(Map<String, List<Double>> of, String tenant, double share) {
    double[] sorted =
        of.getOrDefault(tenant, List.of()).stream().mapToDouble(d -> d).sorted().toArray();
    return sorted.length == 0
        ? Double.NaN
        : sorted[Math.min(sorted.length - 1, (int) (share * sorted.length))];
  }

  /**
   * Jain's index of the tokens served over the weights, of the time while both tenants waited; NaN
   * where they never did.
   */
  public double jain() {
    double[] shares =
        pools.keySet().stream()
            .mapToDouble(t -> whileBothWait.getOrDefault(t, 0.0) / policy.weightOf(t))
            .toArray();
    double sum = Arrays.stream(shares).sum();
    double squares = Arrays.stream(shares).map(s -> s * s).sum();
    return squares == 0 ? Double.NaN : sum * sum / (shares.length * squares);
  }

  /** Served weighted tokens over time by tenant: seconds and tokens. */
  public Map<String, List<double[]>> curves() {
    return curves;
  }

  /** Requests that a rate limit or a full queue refused. */
  public int refused() {
    return refused + pools.values().stream().distinct().mapToInt(p -> p.refused).sum();
  }

  /** How often a request was preempted. */
  public int preemptions() {
    return pools.values().stream().distinct().mapToInt(p -> p.preemptions).sum();
  }
}
