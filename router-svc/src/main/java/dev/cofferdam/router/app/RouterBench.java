package dev.cofferdam.router.app;

import dev.cofferdam.mesh.bench.BenchResults;
import dev.cofferdam.mesh.bench.Medians;
import dev.cofferdam.router.affinity.PrefixIndex;
import dev.cofferdam.router.fleet.Fleet;
import dev.cofferdam.router.fleet.Worker;
import dev.cofferdam.router.fleet.WorkerLoad;
import dev.cofferdam.router.routing.Conditions;
import dev.cofferdam.router.routing.Envelope;
import dev.cofferdam.router.routing.Route;
import dev.cofferdam.router.routing.RoutePlanner;
import dev.cofferdam.router.routing.RoutingWeights;
import dev.cofferdam.router.tenancy.Directory;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.PrivacyPolicy;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * The router's benchmark: the CPU of one placement, from an envelope to ranked workers, with a
 * thousand workers whose caches hold ten million blocks, beside the same with ten workers in the
 * same run; and the memory of the index.
 */
public final class RouterBench {
  private static final int WORKERS = 1_000;
  private static final int BLOCKS = 10_000_000;
  private static final int TENANTS = 100;

  /** Blocks that begin every conversation of a tenant, held by every worker. */
  private static final int COMMON = 16;

  /** Blocks of a conversation behind those, held by one worker, each fourth by two. */
  private static final int OWN = 48;

  private static final int ROUNDS = 7;
  private static final int ROUND = 4_000;

  private final BenchResults results = new BenchResults();

  private RouterBench() {}

  /**
   * Runs it.
   *
   * @param arguments the file to write, a JSON list of metric, value, unit, baseline and ratio;
   *     what another benchmark wrote there before stays
   * @throws IOException where the file cannot be written
   */
  public static void main(String[] arguments) throws IOException {
    RouterBench bench = new RouterBench();
    bench.placements();
    bench.results.print(System.out);
    if (arguments.length > 0) {
      bench.results.append(Path.of(arguments[0]));
    }
  }

  private void placements() {
    World few = new World(10, BLOCKS / 100);
    World many = new World(WORKERS, BLOCKS);
    double[] fewUs = new double[ROUNDS];
    double[] manyUs = new double[ROUNDS];
    few.microsPerPlacement(5 * ROUND);
    many.microsPerPlacement(5 * ROUND);
    for (int round = 0; round < ROUNDS; round++) {
      fewUs[round] = few.microsPerPlacement(ROUND);
      manyUs[round] = many.microsPerPlacement(ROUND);
    }
    results.add("placement_us_1000_workers", Medians.median(manyUs), "us", Medians.median(fewUs));
    results.add(
        "prefix_index_bytes_per_block",
        many.index.bytes() / (double) many.index.size(),
        "B",
        few.index.bytes() / (double) few.index.size());
    results.add("prefix_index_blocks", many.index.size(), "", few.index.size());
  }

  /** A fleet, what its caches hold, and requests for it. */
  private static final class World {
    private final Fleet fleet = new Fleet(Long.MAX_VALUE, WORKERS);
    private final PrefixIndex index = new PrefixIndex(BLOCKS + BLOCKS / 10);
    private final RoutePlanner planner =
        new RoutePlanner(new Everything(), index, RoutingWeights.DEFAULT, Conditions.fair());
    private final SplittableRandom random = new SplittableRandom(3);
    private final int conversations;
    private long checksum;

    private World(int workers, int blocks) {
      for (int w = 0; w < workers; w++) {
        String id = String.format(Locale.ROOT, "worker-%04d", w);
        fleet.join(
            new Worker(
                id, 0, 1, "shared", "127.0.0.1:1", Set.of("m"), 16, "", "", 0, WorkerLoad.UNKNOWN),
            w,
            0);
        int free = 1_000 + random.nextInt(9_000);
        fleet.load(
            id,
            w,
            new WorkerLoad(
                true,
                random.nextInt(64),
                64,
                free,
                10_000,
                Set.of(),
                false,
                Map.of("m", new WorkerLoad.ModelLoad(true, free, 10_000))),
            0);
        for (int tenant = 0; tenant < TENANTS; tenant++) {
          index.add(w, chain(tenant, 0, COMMON));
        }
      }
      conversations = (blocks - TENANTS * COMMON) / OWN;
      for (int c = 0; c < conversations; c++) {
        List<byte[]> own = chain(TENANTS + c, COMMON, OWN);
        index.add(c % workers, own);
        if (c % 4 == 0) {
          index.add((c + 7) % workers, own);
        }
      }
    }

    private double microsPerPlacement(int placements) {
      List<Envelope> requests = new ArrayList<>(placements);
      for (int i = 0; i < placements; i++) {
        requests.add(request());
      }
      // The thread's own time, so that other processes do not count.
      ThreadMXBean threads = ManagementFactory.getThreadMXBean();
      RoutePlanner.Moment now = new RoutePlanner.Moment(0, 0);
      long begin = threads.getCurrentThreadCpuTime();
      for (Envelope request : requests) {
        Route.Ranked route = (Route.Ranked) planner.plan(request, fleet.view(), now, false);
        checksum += route.candidates().getFirst().explanation().size();
        planner.served(request.tenant(), route.candidates().getFirst().workerId());
      }
      long took = threads.getCurrentThreadCpuTime() - begin;
      if (checksum == 0) {
        throw new IllegalStateException("nothing was placed");
      }
      return took / 1_000.0 / placements;
    }

    private Envelope request() {
      int conversation = random.nextInt(conversations);
      int tenant = conversation % TENANTS;
      List<byte[]> digests = new ArrayList<>(chain(tenant, 0, COMMON));
      digests.addAll(chain(TENANTS + conversation, COMMON, OWN));
      return new Envelope(
          RequestId.random(),
          1,
          Operation.GENERATE,
          new TenantId("tenant-" + tenant),
          "m",
          "",
          WorkloadClass.INTERACTIVE,
          (COMMON + OWN) * 16 + 5,
          0,
          256,
          digests,
          "",
          Long.MAX_VALUE,
          Set.of());
    }

    /** The digests of a chain, always the same. */
    private static List<byte[]> chain(int seed, int from, int length) {
      SplittableRandom bytes = new SplittableRandom(31L * seed + from);
      List<byte[]> chain = new ArrayList<>(length);
      for (int i = 0; i < length; i++) {
        byte[] digest = new byte[32];
        bytes.nextBytes(digest);
        chain.add(digest);
      }
      return chain;
    }
  }

  /** Every tenant, one model, shared pools. */
  private static final class Everything implements Directory {
    private final Optional<ServedModel> model =
        Optional.of(new ServedModel("m", 8_192, Set.of(), false));
    private final Optional<TenantProfile> tenant =
        Optional.of(
            new TenantProfile(
                new TenantId("tenant"),
                Tier.STANDARD,
                TenantProfile.Status.ACTIVE,
                Tier.STANDARD.limits(),
                2,
                Set.of(),
                Set.of(),
                Optional.empty(),
                Set.of(WorkloadClass.INTERACTIVE),
                false,
                false,
                30,
                PrivacyPolicy.OFF,
                0,
                Optional.empty()));

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public Optional<TenantProfile> tenant(TenantId id) {
      return tenant;
    }

    @Override
    public Optional<ServedModel> model(String id) {
      return model;
    }

    @Override
    public Optional<OwnedAdapter> adapter(TenantId owner, String name) {
      return Optional.empty();
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
}
