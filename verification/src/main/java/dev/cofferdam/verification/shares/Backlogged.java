package dev.cofferdam.verification.shares;

import dev.cofferdam.scheduler.fairness.TokenWeights;
import dev.cofferdam.scheduler.preemption.PreemptionRules;
import dev.cofferdam.verification.simulation.VirtualTime;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Tenants that always wait, on one worker: the distance of their shares of service, beside the
 * bound that holds for any two of them over any time, once each was granted something while all
 * waited,
 *
 * <pre>|ΔWi/wi − ΔWj/wj| ≤ (2·Ri + 1)·Ci + (2·Rj + 1)·Cj + 2·q</pre>
 *
 * where W is the weighted tokens served, w the weight, R the most requests that were granted and
 * not complete at once (preempted ones among them), C the largest cost of one request over w, q
 * what finish tags are rounded by where they are compared, which is left out of the bound here. The
 * argument is that of start-time fair queuing with charges ahead of service; preemption keeps it,
 * because it returns what was charged and not served, and moves no service.
 */
public final class Backlogged {
  private static final int WAITING = 12;

  private final VirtualTime time = new VirtualTime();
  private final SharedPool pool;
  private final List<Tenant> tenants = new ArrayList<>();
  private final SplittableRandom random;
  private double worst;
  private long ids;

  private static final class Tenant {
    private final String name;
    private final double weight;
    private final int promptMax;
    private final int outputMax;
    private final long entryUs;
    private int open;
    private int runningMax;
    private double costMax;

    private Tenant(String name, double weight, int promptMax, int outputMax, long entryUs) {
      this.name = name;
      this.weight = weight;
      this.promptMax = promptMax;
      this.outputMax = outputMax;
      this.entryUs = entryUs;
    }
  }

  private Backlogged(int slots, long seed) {
    random = new SplittableRandom(seed);
    pool = new SharedPool(time, 1, slots, PreemptionRules.DEFAULT, this::done);
  }

  /**
   * The largest distance over its bound of any two of a few random tenants.
   *
   * @param seconds how long they wait
   * @return at most 1 where the bound holds, and how often requests were preempted
   */
  public static double[] gapOverBound(long seed, int seconds) {
    SplittableRandom shape = new SplittableRandom(seed);
    Backlogged run = new Backlogged(2 + shape.nextInt(10), seed);
    int count = 2 + shape.nextInt(4);
    for (int t = 0; t < count; t++) {
      run.tenants.add(
          new Tenant(
              "t" + t,
              1.0 / (1 + shape.nextInt(5)),
              1 + shape.nextInt(600),
              1 + shape.nextInt(200),
              0));
    }
    run.measureGaps(seconds);
    return new double[] {run.worst, run.pool.preemptions};
  }

  /**
   * Served tokens of a tenant of weight 4 over those of one of weight 1. All of the first one's
   * requests come by one router, near; the other's by three of which two are farther. In the middle
   * the scheduler dies, and its successor starts from what workers and routers tell.
   */
  public static double fourToOne(long seed, int seconds) {
    Backlogged run = new Backlogged(8, seed);
    Tenant four = new Tenant("four", 4, 300, 100, 500);
    Tenant one = new Tenant("one", 1, 300, 100, 15_000);
    run.tenants.add(four);
    run.tenants.add(one);
    run.time.after(seconds * 500_000L, run.pool::restart);
    run.fill();
    while (run.time.step(seconds * 1_000_000L)) {
      // Until the end.
    }
    return run.pool.served("four") / run.pool.served("one");
  }

  private void fill() {
    for (Tenant tenant : tenants) {
      while (tenant.open < WAITING + pool.running(tenant.name)) {
        tenant.open++;
        time.after(
            random.nextLong(1 + tenant.entryUs),
            () -> {
              int prompt = 1 + random.nextInt(tenant.promptMax);
              int outputMax = 1 + random.nextInt(tenant.outputMax);
              tenant.costMax =
                  Math.max(
                      tenant.costMax,
                      TokenWeights.DEFAULT.cost(prompt, 0, outputMax) / tenant.weight);
              pool.offer(
                  new Work(
                      tenant.name,
                      pool.request(++ids, tenant.name, tenant.weight, prompt, outputMax),
                      1 + random.nextInt(outputMax),
                      time.nowUs()));
            });
      }
    }
    time.after(5_000, this::fill);
  }

  private void done(Work work) {
    for (Tenant tenant : tenants) {
      tenant.open -= tenant.name.equals(work.tenant) ? 1 : 0;
    }
  }

  private void measureGaps(int seconds) {
    int n = tenants.size();
    double[][] least = new double[n][n];
    double[][] most = new double[n][n];
    fill();
    long beginUs = allWereGrantedSomething();
    double[] base = tenants.stream().mapToDouble(t -> pool.served(t.name)).toArray();
    for (long us = beginUs; us < beginUs + seconds * 1_000_000L; us += 10_000) {
      runUntil(us);
      for (int i = 0; i < n; i++) {
        Tenant a = tenants.get(i);
        a.runningMax = Math.max(a.runningMax, pool.running(a.name));
        for (int j = 0; j < i; j++) {
          Tenant b = tenants.get(j);
          double gap =
              (pool.served(a.name) - base[i]) / a.weight
                  - (pool.served(b.name) - base[j]) / b.weight;
          least[i][j] = Math.min(least[i][j], gap);
          most[i][j] = Math.max(most[i][j], gap);
          double bound = (2 * a.runningMax + 1) * a.costMax + (2 * b.runningMax + 1) * b.costMax;
          worst = Math.max(worst, (most[i][j] - least[i][j]) / bound);
        }
      }
    }
  }

  /** Whoever comes first finds the worker free: the bound is for what is decided afterwards. */
  private long allWereGrantedSomething() {
    long us = 200_000;
    runUntil(us);
    int[] before = tenants.stream().mapToInt(t -> pool.grants(t.name)).toArray();
    boolean waitsStill = true;
    while (waitsStill) {
      us += 10_000;
      runUntil(us);
      waitsStill = false;
      for (int i = 0; i < before.length; i++) {
        waitsStill |= pool.grants(tenants.get(i).name) == before[i];
      }
    }
    return us;
  }

  private void runUntil(long us) {
    while (time.step(us)) {
      // On to the next look.
    }
  }
}
