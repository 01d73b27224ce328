package dev.cofferdam.scheduler.shard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.admission.QueueBounds;
import dev.cofferdam.scheduler.fairness.TokenWeights;
import dev.cofferdam.scheduler.ledger.Served;
import dev.cofferdam.scheduler.ledger.WorkerDescriptor;
import dev.cofferdam.scheduler.shard.Pool.Ask;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Shares of service, measured on a worker with ample memory that serves tokens in virtual time. */
class FairnessTest {
  private static final TokenWeights WEIGHTS = TokenWeights.DEFAULT;

  /** Weighted tokens over weight by which tags are rounded where they are compared. */
  private static final double TAG_ROUNDING = 1.0 / 256;

  /** More than a worker has slots, so that an active tenant never stops waiting. */
  private static final int WAITING = 10;

  /** A worker that serves, and clients that keep their tenants' queues full. */
  private static final class Service {
    private final Pool pool;
    private final WorkerDescriptor worker;
    private final SplittableRandom random;
    private final Map<AttemptKey, Work> running = new LinkedHashMap<>();
    private final Map<Long, Work> waiting = new HashMap<>();
    private final List<Tenant> tenants = new ArrayList<>();
    private int ids;
    private int answered;

    Service(int slots, long seed) {
      pool =
          new Pool(
              PoolSettings.DEFAULT.withBounds(
                  new QueueBounds(100_000, 100_000, Long.MAX_VALUE / 4, 5_000)));
      worker = pool.attach("w1", slots, 1_000_000);
      random = new SplittableRandom(seed);
    }

    Tenant tenant(String name, double weight, WorkloadClass c, int promptMax, int outputMax) {
      Tenant tenant = new Tenant(name, weight, c, promptMax, outputMax);
      tenants.add(tenant);
      return tenant;
    }

    void round() {
      for (Tenant tenant : tenants) {
        while (tenant.active && tenant.waiting < WAITING) {
          ask(tenant);
        }
      }
      pool.nowMs += 20;
      List<PoolEvent.Report> reports = new ArrayList<>();
      List<Work> ended = new ArrayList<>();
      for (Work work : running.values()) {
        work.serve();
        (work.done() ? ended : new ArrayList<Work>()).add(work);
        reports.add(new PoolEvent.Report(work.key, work.served()));
      }
      take(pool.step(new PoolEvent.Progress("w1", worker.session(), reports)));
      for (Work work : ended) {
        running.remove(work.key);
        work.tenant.running--;
        take(
            pool.step(
                new PoolEvent.Ended(
                    "w1", worker.session(), new PoolEvent.Report(work.key, work.served()))));
      }
    }

    private void ask(Tenant tenant) {
      Work work = new Work(tenant, Pool.key(++ids, 1), random);
      Ask ask =
          new Ask(ids)
              .tenant(tenant.name, tenant.weight)
              .of(tenant.workloadClass)
              .tokens(work.prompt, work.outputMax);
      tenant.waiting++;
      tenant.costMax =
          Math.max(tenant.costMax, WEIGHTS.cost(work.prompt, 0, work.outputMax) / tenant.weight);
      long ticket = answered + waiting.size() + 1L;
      waiting.put(ticket, work);
      assertThat(pool.enqueue(ask)).isEqualTo(ticket);
      take(pool.effects.subList(0, pool.effects.size()));
      pool.effects.clear();
    }

    private void take(List<PoolEffect> effects) {
      for (PoolEffect effect : List.copyOf(effects)) {
        if (effect instanceof PoolEffect.Granted g && waiting.containsKey(g.ticket())) {
          Work work = waiting.remove(g.ticket());
          answered++;
          work.tenant.waiting--;
          work.tenant.running++;
          work.tenant.runningMax = Math.max(work.tenant.runningMax, work.tenant.running);
          running.put(work.key, work);
        }
      }
    }

    double served(Tenant tenant) {
      return tenant.servedTokens;
    }
  }

  private static final class Tenant {
    private final String name;
    private final double weight;
    private final WorkloadClass workloadClass;
    private final int promptMax;
    private final int outputMax;
    private boolean active = true;
    private int waiting;
    private int running;
    private int runningMax;
    private double costMax;
    private double servedTokens;

    private Tenant(
        String name, double weight, WorkloadClass workloadClass, int promptMax, int outputMax) {
      this.name = name;
      this.weight = weight;
      this.workloadClass = workloadClass;
      this.promptMax = promptMax;
      this.outputMax = outputMax;
    }

    private double share() {
      return servedTokens / weight;
    }
  }

  private static final class Work {
    private final Tenant tenant;
    private final AttemptKey key;
    private final int prompt;
    private final int outputMax;
    private final int output;
    private int prefilled;
    private int generated;

    private Work(Tenant tenant, AttemptKey key, SplittableRandom random) {
      this.tenant = tenant;
      this.key = key;
      this.prompt = 1 + random.nextInt(tenant.promptMax);
      this.outputMax = 1 + random.nextInt(tenant.outputMax);
      this.output = 1 + random.nextInt(outputMax);
    }

    private void serve() {
      if (prefilled < prompt) {
        int more = Math.min(128, prompt - prefilled);
        prefilled += more;
        tenant.servedTokens += WEIGHTS.cost(more, 0, 0);
      } else {
        int more = Math.min(4, output - generated);
        generated += more;
        tenant.servedTokens += WEIGHTS.cost(0, 0, more);
      }
    }

    private boolean done() {
      return generated == output;
    }

    private Served served() {
      return new Served(prefilled, 0, generated, 0, 0);
    }
  }

  /**
   * For two tenants i and j that always wait, over any time,
   *
   * <pre>|ΔWi/wi − ΔWj/wj| ≤ (2·Ri + 1)·Ci + (2·Rj + 1)·Cj + 2·q</pre>
   *
   * where W is the weighted tokens served, w the weight, R the most requests that ran at once, and
   * C the largest cost of one request over w, and q what finish tags are rounded by where they are
   * compared (2⁻⁸, less than a hundredth of a token). Why: right after the last grant to i its
   * virtual time (what it was served and what is charged ahead) is at most that of j plus Cj + q,
   * as its finish tag was then, rounded down, no greater than that of j; what i is charged ahead is
   * at least 0 and what it still gets of running requests at most Ri·Ci; what j is charged ahead is
   * at most Rj·Cj. That is Ri·Ci + (Rj + 1)·Cj + q at one end, and the same with i and j exchanged
   * at the other.
   */
  @Test
  void theServiceGapOfAnyTwoWaitingTenantsStaysInsideTheBound() {
    for (long seed = 1; seed <= 200; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      Service service = new Service(1 + random.nextInt(8), seed);
      for (int t = 0; t < 2 + random.nextInt(4); t++) {
        service.tenant(
            "t" + t,
            1.0 / (1 + random.nextInt(5)),
            WorkloadClass.INTERACTIVE,
            1 + random.nextInt(600),
            1 + random.nextInt(200));
      }
      int n = service.tenants.size();
      double[][] least = new double[n][n];
      double[][] most = new double[n][n];
      for (int round = 0; round < 2_000; round++) {
        service.round();
        for (int i = 0; i < n; i++) {
          for (int j = 0; j < i; j++) {
            Tenant a = service.tenants.get(i);
            Tenant b = service.tenants.get(j);
            double gap = a.share() - b.share();
            least[i][j] = Math.min(least[i][j], gap);
            most[i][j] = Math.max(most[i][j], gap);
            double bound =
                (2 * a.runningMax + 1) * a.costMax
                    + (2 * b.runningMax + 1) * b.costMax
                    + 2 * TAG_ROUNDING;
            if (most[i][j] - least[i][j] > bound) {
              assertThat(most[i][j] - least[i][j])
                  .as("seed %d, round %d, tenants %d and %d", seed, round, i, j)
                  .isLessThanOrEqualTo(bound);
            }
          }
        }
      }
    }
  }

  @Test
  void weightsTwoToOneGiveServiceTwoToOne() {
    for (long seed = 1; seed <= 5; seed++) {
      Service service = new Service(4, seed);
      Tenant two = service.tenant("two", 2, WorkloadClass.INTERACTIVE, 300, 100);
      Tenant one = service.tenant("one", 1, WorkloadClass.INTERACTIVE, 300, 100);
      for (int round = 0; round < 20_000; round++) {
        service.round();
      }
      assertThat(service.served(two) / service.served(one)).as("seed %d", seed).isBetween(1.9, 2.1);
    }
  }

  @Test
  void sharesFollowTokensAndNotRequests() {
    Service service = new Service(4, 7);
    Tenant large = service.tenant("large", 1, WorkloadClass.INTERACTIVE, 2_000, 50);
    Tenant small = service.tenant("small", 1, WorkloadClass.INTERACTIVE, 50, 50);
    for (int round = 0; round < 20_000; round++) {
      service.round();
    }
    assertThat(service.served(large) / service.served(small)).isBetween(0.95, 1.05);
  }

  @Test
  void aTenantThatWasIdleHasNoCreditWhenItReturns() {
    Service service = new Service(4, 3);
    Tenant busy = service.tenant("busy", 1, WorkloadClass.INTERACTIVE, 300, 100);
    Tenant idle = service.tenant("idle", 1, WorkloadClass.INTERACTIVE, 300, 100);
    service.tenant("other", 1, WorkloadClass.INTERACTIVE, 300, 100);
    for (int round = 0; round < 500; round++) {
      service.round();
    }
    idle.active = false;
    for (int round = 0; round < 20_000; round++) {
      service.round();
    }
    idle.active = true;
    double busyBefore = service.served(busy);
    double idleBefore = service.served(idle);
    for (int round = 0; round < 20_000; round++) {
      service.round();
    }
    double ratio = (service.served(idle) - idleBefore) / (service.served(busy) - busyBefore);
    assertThat(ratio).isBetween(0.9, 1.1);
  }

  @Test
  void aTenantThatWasServedAloneOwesNothingWhenOthersCome() {
    Service service = new Service(4, 4);
    Tenant early = service.tenant("early", 1, WorkloadClass.INTERACTIVE, 300, 100);
    for (int round = 0; round < 20_000; round++) {
      service.round();
    }
    Tenant late = service.tenant("late", 1, WorkloadClass.INTERACTIVE, 300, 100);
    double before = service.served(early);
    for (int round = 0; round < 20_000; round++) {
      service.round();
    }
    assertThat((service.served(early) - before) / service.served(late)).isBetween(0.9, 1.1);
  }

  @Test
  void lessUrgentClassesGetTheirFloorsAndNoMoreWhileOthersWait() {
    Service service = new Service(4, 5);
    Tenant chat = service.tenant("chat", 1, WorkloadClass.INTERACTIVE, 300, 100);
    Tenant program = service.tenant("program", 1, WorkloadClass.STANDARD, 300, 100);
    Tenant batch = service.tenant("batch", 1, WorkloadClass.BATCH, 300, 100);
    for (int round = 0; round < 40_000; round++) {
      service.round();
    }
    double all = service.served(chat) + service.served(program) + service.served(batch);
    assertThat(service.served(program) / all).isBetween(0.18, 0.22);
    assertThat(service.served(batch) / all).isBetween(0.045, 0.055);
  }

  @Test
  void batchWorkUsesAnIdlePoolWithoutADebt() {
    Service service = new Service(4, 6);
    Tenant batch = service.tenant("batch", 1, WorkloadClass.BATCH, 300, 100);
    for (int round = 0; round < 20_000; round++) {
      service.round();
    }
    Tenant chat = service.tenant("chat", 1, WorkloadClass.INTERACTIVE, 300, 100);
    double before = service.served(batch);
    for (int round = 0; round < 20_000; round++) {
      service.round();
    }
    double during = service.served(batch) - before;
    assertThat(during / (during + service.served(chat))).isBetween(0.045, 0.06);
  }
}
