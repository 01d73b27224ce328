package dev.cofferdam.worker.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.PrefixDigests;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.kvcache.BlockPool;
import dev.cofferdam.worker.kvcache.KvCache;
import dev.cofferdam.worker.kvcache.PublicPrefix;
import dev.cofferdam.worker.kvcache.Sealing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Random histories of a batch: arrivals, cancellations, pauses, slow readers, failing steps,
 * poison, NaN, quotas, guarantees, evictions by a stranger, more adapters than slots, never enough
 * memory, swap, encryption at rest and always, flipped bits, and destroyed keys. The invariants are
 * checked after every step. A failure prints its seed; run it alone with {@code
 * -Dsimulation.seed=…}, and more of them with {@code -Dsimulation.seeds=10000}.
 */
class BatchSimulationTest {
  private static final int SEEDS = Integer.getInteger("simulation.seeds", 300);
  private static final int STEPS = 1_000;
  private static final int TENANTS = 4;

  /** Two public beginnings, one of which goes on where the other ends, within a block. */
  private static final List<PublicPrefix> PUBLIC =
      List.of(
          new PublicPrefix(new int[] {0, 1, 2, 3, 4}, "model", 4),
          new PublicPrefix(new int[] {0, 1, 2, 3, 4, 5, 0, 1, 2}, "model", 4));

  /** The first so many tenants' KV is encrypted. */
  private static final int ENCRYPTED = 2;

  private static final int[] STOPS = {7};

  @Test
  void everyInvariantHoldsAfterEveryStepOfRandomHistories() {
    Long only = Long.getLong("simulation.seed");
    long first = only == null ? 0 : only;
    int seeds = only == null ? SEEDS : 1;
    long completed = 0;
    long preempted = 0;
    long hits = 0;
    long embedded = 0;
    long swapped = 0;
    long sealed = 0;
    long broken = 0;
    long shared = 0;
    for (long seed = first; seed < first + seeds; seed++) {
      History history = new History(seed);
      try {
        history.run();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
      }
      completed += history.completed();
      preempted += history.batch.stats().preemptions();
      hits += history.hits();
      embedded += history.embedded();
      shared += history.publicHits();
      swapped += history.batch.stats().blocksSwapped();
      sealed += history.batch.stats().seals();
      broken += history.batch.stats().sealsBroken();
    }
    // The histories are worth something only when all of this happens in them.
    assertThat(completed).isGreaterThan(10L * seeds);
    assertThat(preempted).isGreaterThan(10L * seeds);
    assertThat(embedded).isGreaterThan(2L * seeds);
    assertThat(hits).isGreaterThan(5L * seeds);
    assertThat(shared).isGreaterThan(3L * seeds);
    assertThat(swapped).isGreaterThan(5L * seeds);
    assertThat(sealed).isGreaterThan(20L * seeds);
    assertThat(broken).isGreaterThan(seeds / 2);
  }

  private record Run(Sequence sequence, Recorded heard, FakeExecutor.Mark mark) {}

  private static final class History {
    final SplittableRandom random;
    final FakeExecutor executor;
    final Batch batch;
    final Stepper stepper;
    final List<Run> runs = new ArrayList<>();
    final List<Run> live = new ArrayList<>();
    final int stepTokensMax;
    final Sealing sealing;
    final Map<TenantId, Long> guaranteed = new HashMap<>();
    long now = 1;
    int requests;
    double tag;

    History(long seed) {
      random = new SplittableRandom(seed);
      int blocks = 10 + random.nextInt(40);
      executor = new FakeExecutor(blocks, 4, 2, 64);
      int slots = 2 + random.nextInt(6);
      stepTokensMax = slots + 4 + random.nextInt(24);
      sealing = random.nextBoolean() ? Sealing.AT_REST : Sealing.ALWAYS;
      batch =
          new Batch(
              executor,
              new BatchOptions(
                  slots,
                  stepTokensMax,
                  1 + random.nextInt(9),
                  5_000_000,
                  random.nextBoolean() ? 1.5 : Double.POSITIVE_INFINITY,
                  sealing,
                  random.nextInt(3) * 10_000L));
      if (random.nextBoolean()) {
        guarantee(blocks);
      }
      stepper = new Stepper(batch, executor, () -> now += random.nextInt(2_000), e -> rethrow(e));
    }

    /** Two tenants are sure of up to two thirds of the pool together. */
    private void guarantee(int blocks) {
      guaranteed.put(new TenantId("tenant-0"), 1_000L * random.nextInt(blocks / 3 + 1));
      guaranteed.put(new TenantId("tenant-3"), 1_000L * random.nextInt(blocks / 3 + 1) + 999);
      assertThat(batch.guarantee(guaranteed)).as("all of it fits").isTrue();
    }

    /** Blocks that others have leave room for all that each tenant is sure of. */
    private void checkGuarantees() {
      BlockPool pool = batch.kv().pool();
      int spokenFor = pool.size() - pool.free();
      for (var entry : guaranteed.entrySet()) {
        int sure = (int) (entry.getValue() / 1_000);
        assertThat(pool.guaranteed(entry.getKey())).isEqualTo(sure);
        spokenFor += Math.max(0, sure - pool.ownedBy(entry.getKey()));
      }
      assertThat(spokenFor).as("blocks that are held or kept").isLessThanOrEqualTo(pool.size());
    }

    /** What the executor asserts is a failure of the test, not of the step. */
    private static void rethrow(Throwable e) {
      if (e instanceof AssertionError assertion) {
        throw assertion;
      }
    }

    void run() {
      for (int i = 0; i < STEPS; i++) {
        disturb();
        step();
      }
      live.forEach(
          run -> {
            run.heard.ready = true;
            run.sequence.resume();
          });
      for (int i = 0; i < 5_000 && !batch.isEmpty(); i++) {
        step();
      }
      assertThat(batch.isEmpty()).as("everything ends").isTrue();
      guaranteed.clear();
      batch.guarantee(guaranteed);
      checkEnd();
    }

    private void step() {
      stepper.step();
      live.removeIf(run -> run.heard.cause != null);
      checkBlocks();
      assertThat(executor.rowsMaxSeen).isLessThanOrEqualTo(stepTokensMax);
    }

    private void disturb() {
      if (live.size() < 12 && random.nextInt(4) == 0) {
        submit();
      }
      if (random.nextInt(60) == 0) {
        executor.failNext(1);
      }
      if (random.nextInt(20) == 0) {
        evict(1 + random.nextInt(8));
      }
      if (random.nextInt(100) == 0) {
        destroyKey(new TenantId("tenant-" + random.nextInt(TENANTS)));
      }
      if (random.nextInt(50) == 0) {
        int block = random.nextInt(batch.kv().pool().size());
        if (batch.kv().sealOf(block) != 0) {
          executor.tamper(block);
        }
      }
      if (live.isEmpty()) {
        return;
      }
      Run run = live.get(random.nextInt(live.size()));
      switch (random.nextInt(40)) {
        case 0 -> run.sequence.cancel(EndCause.CANCELLED);
        case 1, 2 -> run.sequence.pause(new TenantId("chat"));
        case 3, 4, 5 -> run.sequence.resume();
        case 6 -> run.heard.ready = false;
        case 7, 8, 9 -> run.heard.ready = true;
        default -> {}
      }
    }

    private void destroyKey(TenantId tenant) {
      batch.destroyKey(tenant);
      step();
      for (Run run : runs) {
        if (run.sequence.tenant().equals(tenant)) {
          assertThat(run.heard.cause).as("nothing runs on without its key").isNotNull();
        }
      }
      assertThat(batch.kv().pool().ownedBy(tenant)).as("blocks without a key").isZero();
    }

    /**
     * A stranger takes up to so many blocks, which evicts idle ones of the tenants, finds each of
     * them zero, and lets go of them. Returns how many it got.
     */
    private int evict(int blocks) {
      TenantId stranger = new TenantId("stranger");
      List<Integer> taken = new ArrayList<>();
      while (taken.size() < blocks) {
        int block = batch.kv().allocate(stranger, 0, false);
        if (block == BlockPool.NONE) {
          break;
        }
        assertThat(executor.residueBytes(block)).as("residue of an evicted block").isZero();
        taken.add(block);
      }
      taken.forEach(block -> batch.kv().release(block, stranger));
      return taken.size();
    }

    private void submit() {
      int tenant = random.nextInt(TENANTS);
      int adapter = random.nextInt(3) == 0 ? 1 + random.nextInt(3) : 0;
      int[] prompt = prompt();
      int promptTokens = 1 + random.nextInt(prompt.length);
      boolean embeds = random.nextInt(6) == 0;
      Optional<PublicPrefix> shared =
          embeds ? Optional.empty() : PublicPrefix.longest(PUBLIC, prompt, promptTokens);
      FakeExecutor.Mark mark =
          new FakeExecutor.Mark(
              tenant,
              adapter,
              random.nextInt(50) == 0,
              random.nextInt(30) == 0 ? 1 + random.nextInt(5) : 0,
              adapter == 0 ? shared.map(prefix -> 4 * prefix.digests().size()).orElse(0) : 0);
      TenantId id = new TenantId("tenant-" + tenant);
      byte[] key = new byte[PrefixDigests.BYTES];
      Arrays.fill(key, (byte) (tenant + 1));
      Optional<PrefixDigests> prefix =
          random.nextInt(4) == 0 || embeds
              ? Optional.empty()
              : Optional.of(new PrefixDigests(key, "model", adapter == 0 ? "" : "" + adapter, 4));
      Recorded heard = new Recorded();
      tag += random.nextInt(10);
      SequenceRequest request =
          new SequenceRequest(
              new SequenceId(new RequestId("%032x".formatted(++requests)), 1),
              embeds ? Operation.EMBED : Operation.GENERATE,
              id,
              1 + tenant % 3,
              tag - random.nextInt(30),
              embeds ? Arrays.copyOf(prompt, promptTokens) : prompt,
              promptTokens,
              embeds ? 0 : prompt.length + 1 + random.nextInt(20),
              new Sampling(0, 1, 0, mark.seed(), -1),
              STOPS,
              random.nextInt(3) == 0 ? 8_000L + random.nextInt(8) * 1_000 : 0,
              tenant < ENCRYPTED,
              FakeExecutor.adapter(adapter),
              prefix,
              shared);
      Sequence sequence = new Sequence(request, 64, 4, now, heard);
      Run run = new Run(sequence, heard, mark);
      runs.add(run);
      live.add(run);
      batch.add(sequence);
    }

    /** One of few beginnings, the same for all tenants, and a tail. */
    private int[] prompt() {
      int[] prompt = new int[1 + random.nextInt(30)];
      int beginning = random.nextInt(3);
      for (int i = 0; i < prompt.length; i++) {
        prompt[i] = i < 16 ? (beginning * 5 + i) % 6 : random.nextInt(6);
      }
      return prompt;
    }

    private void checkBlocks() {
      BlockPool pool = batch.kv().pool();
      int[] holders = new int[pool.size()];
      for (Run run : live) {
        for (int i = 0; i < run.sequence.blockCount; i++) {
          int block = run.sequence.blocks[i];
          holders[block]++;
          boolean isPublic = i < run.mark.shared() / 4;
          TenantId owner = isPublic ? TenantId.PUBLIC : run.sequence.tenant();
          assertThat(pool.owner(block)).as("owner").isEqualTo(owner);
        }
      }
      checkSealed();
      checkGuarantees();
      int free = 0;
      int cached = 0;
      for (int block = 0; block < pool.size(); block++) {
        if (pool.owner(block) == null) {
          free++;
          assertThat(executor.residueBytes(block)).as("residue of a free block").isZero();
          assertThat(holders[block]).as("holders of a free block").isZero();
        } else {
          int more = pool.holders(block) - holders[block];
          assertThat(more).as("holders besides sequences").isBetween(0, 1);
          cached += more;
        }
      }
      assertThat(free).isEqualTo(pool.free());
      assertThat(pool.soiled()).isZero();
      assertThat(cached).isEqualTo(batch.kv().cached());
      assertThat(pool.violations()).isZero();
    }

    /** What must not be readable is sealed, and what is read is counted as such. */
    private void checkSealed() {
      KvCache kv = batch.kv();
      int[] readers = new int[kv.pool().size()];
      boolean[] open = new boolean[readers.length];
      for (Run run : live) {
        Sequence sequence = run.sequence;
        for (int i = 0; i < sequence.blockCount; i++) {
          int block = sequence.blocks[i];
          if (sequence.state() != SequenceState.PAUSED) {
            readers[block]++;
            open[block] = sealing == Sealing.AT_REST || i >= sequence.computed / 4;
          }
        }
      }
      for (int block = 0; block < readers.length; block++) {
        assertThat(kv.readers(block)).as("readers").isEqualTo(readers[block]);
        if (kv.lost(block)) {
          assertThat(executor.residueBytes(block)).as("residue of a lost block").isZero();
        } else if (kv.keyOf(block) != null && !open[block]) {
          assertThat(kv.sealOf(block)).as("seal of a block at rest").isPositive();
          assertThat(executor.readable(block)).as("readable at rest").isFalse();
        }
      }
    }

    private void checkEnd() {
      long shares = 0;
      for (Run run : runs) {
        assertThat(run.heard.cause).as("an end").isNotNull();
        shares += run.heard.usage.computeNs();
        checkTokens(run);
        if (run.mark.poison()) {
          assertThat(run.heard.cause.outcome()).isNotEqualTo(EndCause.Outcome.COMPLETED);
        }
      }
      assertThat(shares).as("compute shares").isEqualTo(batch.stats().busyNs());
      assertThat(batch.kv().pool().free() + batch.kv().idle())
          .as("blocks that nobody holds")
          .isEqualTo(batch.kv().pool().size());
      assertThat(evict(batch.kv().pool().size()))
          .as("blocks that a stranger is given, all of them zero")
          .isEqualTo(batch.kv().pool().size());
      assertThat(batch.kv().cached()).as("blocks in the cache").isZero();
      step();
      assertThat(batch.kv().keys()).as("keys without blocks").isZero();
    }

    private void checkTokens(Run run) {
      SequenceRequest request = run.sequence.request;
      int[] tokens = Arrays.copyOf(request.tokenIds(), 200);
      int length = request.tokenIds().length;
      for (int i = 0; i < run.heard.tokens.size(); i++) {
        int expected = FakeExecutor.expected(run.mark.adapter(), tokens, length);
        assertThat(run.heard.tokens.get(i)).as("token").isEqualTo(expected);
        assertThat(run.heard.indexes.get(i)).isEqualTo(length - request.promptTokens());
        tokens[length++] = expected;
      }
      if (request.operation() == Operation.EMBED) {
        checkEmbedding(run);
      }
      if (run.heard.cause == EndCause.LENGTH) {
        assertThat(length).isEqualTo(run.sequence.lengthMax);
      }
      if (run.heard.cause == EndCause.STOP_TOKEN) {
        assertThat(tokens[length - 1]).isEqualTo(STOPS[0]);
      }
    }

    /** Each of its positions counted once, whatever happened on the way. */
    private void checkEmbedding(Run run) {
      assertThat(run.heard.tokens).as("tokens of an embedding").isEmpty();
      if (run.heard.cause != EndCause.EMBEDDED) {
        assertThat(run.heard.embedding).as("the embedding of what did not complete").isNull();
        return;
      }
      int[] input = run.sequence.request.tokenIds();
      double sum = Arrays.stream(input).sum();
      double length = Math.hypot(sum, input.length);
      assertThat(run.heard.embedding)
          .as("embedding")
          .containsExactly((float) (sum / length), (float) (input.length / length));
    }

    long embedded() {
      return runs.stream().filter(run -> run.heard.cause == EndCause.EMBEDDED).count();
    }

    long completed() {
      return runs.stream()
          .filter(run -> run.heard.cause.outcome() == EndCause.Outcome.COMPLETED)
          .count();
    }

    long publicHits() {
      return runs.stream().filter(run -> run.mark.shared() > 0 && run.heard.cached > 0).count();
    }

    long hits() {
      return runs.stream().filter(run -> run.heard.cached > 0).count();
    }
  }
}
