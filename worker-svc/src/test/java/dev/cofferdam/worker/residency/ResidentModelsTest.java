package dev.cofferdam.worker.residency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.PrefixDigests;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.batching.BatchOptions;
import dev.cofferdam.worker.batching.EndCause;
import dev.cofferdam.worker.batching.FakeExecutor;
import dev.cofferdam.worker.batching.SampledToken;
import dev.cofferdam.worker.batching.Sampling;
import dev.cofferdam.worker.batching.Sequence;
import dev.cofferdam.worker.batching.SequenceId;
import dev.cofferdam.worker.batching.SequenceListener;
import dev.cofferdam.worker.batching.SequenceRequest;
import dev.cofferdam.worker.batching.SequenceUsage;
import dev.cofferdam.worker.execution.ModelExecutor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Models change places in a memory that does not hold them all; the clock is the test's. */
class ResidentModelsTest implements ModelLoads {
  private static final long TURN_NS = 1_000;
  private static final long RETRY_NS = 5_000;

  private final Map<String, FakeExecutor> loaded = new HashMap<>();
  private final Deque<ServedModel> loading = new ArrayDeque<>();
  private final Deque<Ended> ended = new ArrayDeque<>();
  private final List<String> begun = new ArrayList<>();
  private long now = 1;
  private int requests;

  private static ServedModel model(String id, long bytes) {
    return new ServedModel(id, id, new FakeExecutor(20, 4, 2, 64).geometry(), bytes, List.of());
  }

  private ResidentModels models(long bytesMax, Set<String> pinned, ServedModel... models) {
    return new ResidentModels(
        List.of(models),
        new ResidencyOptions(bytesMax, pinned, TURN_NS, RETRY_NS),
        new BatchOptions(4, 16, 8, 1_000_000_000),
        this,
        () -> ++now,
        reason -> {
          throw new AssertionError(reason);
        });
  }

  @Override
  public void begin(ServedModel model) {
    begun.add(model.id());
    loading.add(model);
  }

  @Override
  public Optional<Ended> poll() {
    return Optional.ofNullable(ended.poll());
  }

  private void finishLoad() {
    ServedModel model = loading.remove();
    FakeExecutor executor = new FakeExecutor(20, 4, 2, 64);
    loaded.put(model.id(), executor);
    ended.add(new Ended(model, Optional.<ModelExecutor>of(executor)));
  }

  private void failLoad() {
    ended.add(new Ended(loading.remove(), Optional.empty()));
  }

  private Heard submit(ResidentModels models, String model, int outputTokens) {
    Heard heard = new Heard();
    SequenceRequest request =
        new SequenceRequest(
            new SequenceId(new RequestId("%032x".formatted(++requests)), 1),
            Operation.GENERATE,
            new TenantId("tenant-0"),
            1,
            0,
            new int[] {1, 2, 3, 4, 5, 6},
            6,
            outputTokens,
            new Sampling(0, 1, 0, new FakeExecutor.Mark(0, 0, false, 0).seed(), -1),
            new int[0],
            0,
            false,
            Optional.empty(),
            Optional.of(new PrefixDigests(new byte[PrefixDigests.BYTES], model, "", 4)),
            Optional.empty());
    heard.sequence = new Sequence(request, 64, 4, now, heard);
    models.add(model, heard.sequence);
    return heard;
  }

  private static void run(ResidentModels models, Heard until) {
    for (int i = 0; i < 200 && until.cause == null; i++) {
      models.turn();
    }
    assertThat(until.cause).isEqualTo(EndCause.LENGTH);
  }

  @Test
  void whoWaitsForAModelIsServedWhenItIsLoadedOnceWhileOthersGoOn() {
    ResidentModels models = models(100, Set.of(), model("a", 40), model("b", 40));
    models.start(model("a", 40), new FakeExecutor(20, 4, 2, 64));
    Heard first = submit(models, "b", 3);
    Heard second = submit(models, "b", 3);
    run(models, submit(models, "a", 10));

    assertThat(begun).containsExactly("b");
    assertThat(models.progress(now)).extracting(p -> p.id()).contains(first.sequence.id());
    assertThat(first.tokens).isZero();
    finishLoad();
    run(models, first);
    run(models, second);
    assertThat(models.memory().loaded()).isEqualTo(2);
    assertThat(models.memory().evictions()).isZero();
  }

  @Test
  void theLeastRecentlyUsedModelGoesZeroedAndItsDigestsAreWithdrawn() {
    FakeExecutor a = new FakeExecutor(20, 4, 2, 64);
    ResidentModels models = models(80, Set.of(), model("a", 40), model("b", 40), model("c", 40));
    models.start(model("a", 40), a);
    run(models, submit(models, "a", 10));
    Heard b = submit(models, "b", 3);
    models.turn();
    finishLoad();
    run(models, b);
    var before = models.journal().after(-1);
    assertThat(before.added()).isNotEmpty();

    Heard c = submit(models, "c", 3);
    models.turn();
    assertThat(models.memory().levels())
        .filteredOn(level -> level.inMemory())
        .extracting(level -> level.model().id())
        .containsExactly("b");
    for (int block = 0; block < 20; block++) {
      assertThat(a.residueBytes(block)).isZero();
    }
    assertThat(models.journal().after(before.cursor()).removed()).isNotEmpty();
    finishLoad();
    run(models, c);
    assertThat(models.memory().evictions()).isEqualTo(1);
    assertThat(models.memory().stats().decodeRows()).isPositive();
  }

  @Test
  void aModelWithWorkMakesRoomOnlyAfterItsTurnAndEndsWhatItHas() {
    ResidentModels models = models(40, Set.of(), model("a", 40), model("b", 40));
    models.start(model("a", 40), new FakeExecutor(20, 4, 2, 64));
    Heard running = submit(models, "a", 50);
    Heard waiting = submit(models, "b", 3);
    models.turn();
    assertThat(begun).isEmpty();

    now += TURN_NS;
    models.turn();
    Heard late = submit(models, "a", 3);
    run(models, running);
    models.turn();
    assertThat(begun).containsExactly("b");
    assertThat(late.cause).isNull();
    finishLoad();
    run(models, waiting);
    now += TURN_NS;
    models.turn();
    finishLoad();
    run(models, late);
    assertThat(begun).containsExactly("b", "a");
  }

  @Test
  void aPinnedModelStays() {
    ResidentModels models = models(80, Set.of("a"), model("a", 40), model("b", 40), model("c", 40));
    models.start(model("a", 40), new FakeExecutor(20, 4, 2, 64));
    for (String next : List.of("b", "c", "b")) {
      Heard heard = submit(models, next, 2);
      models.turn();
      finishLoad();
      run(models, heard);
    }
    run(models, submit(models, "a", 2));
    assertThat(begun).containsExactly("b", "c", "b");
  }

  @Test
  void aFailedLoadEndsWhoWaitsAndIsNotTriedAgainAtOnce() {
    ResidentModels models = models(40, Set.of(), model("a", 40));
    Heard first = submit(models, "a", 2);
    models.turn();
    failLoad();
    models.turn();
    assertThat(first.cause).isEqualTo(EndCause.MODEL_UNAVAILABLE);
    assertThat(submit(models, "a", 2).cause).isEqualTo(EndCause.MODEL_UNAVAILABLE);
    assertThat(begun).hasSize(1);

    now += RETRY_NS;
    Heard later = submit(models, "a", 2);
    models.turn();
    finishLoad();
    run(models, later);
  }

  @Test
  void whoIsCancelledWhileItsModelLoadsEndsAtTheNextTurn() {
    ResidentModels models = models(40, Set.of(), model("a", 40));
    Heard heard = submit(models, "a", 2);
    models.turn();
    heard.sequence.cancel(EndCause.CANCELLED);
    models.turn();
    assertThat(heard.cause).isEqualTo(EndCause.CANCELLED);
    assertThat(models.isEmpty()).isTrue();
    finishLoad();
    models.turn();
    assertThat(models.memory().loaded()).isEqualTo(1);
  }

  @Test
  void aModelThatCanNeverFitIsRefusedWithTheFigure() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> models(70, Set.of("a"), model("a", 40), model("b", 40)))
        .withMessage(
            "cofferdam.worker.models-bytes-max: 70 (expected: at least 80, for b beside the pinned"
                + " models)");
  }

  @Test
  void inRandomHistoriesTheBudgetHoldsEverythingEndsAndSharesAddUpToTheBusyTime() {
    for (long seed = 0; seed < 100; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      loading.clear();
      ended.clear();
      ServedModel[] all = {model("a", 30), model("b", 50), model("c", 20), model("d", 60)};
      long bytesMax = 90 + random.nextInt(80);
      ResidentModels models = models(bytesMax, random.nextBoolean() ? Set.of("a") : Set.of(), all);
      List<Heard> heard = new ArrayList<>();
      for (int i = 0; i < 600 || (i < 20_000 && !models.isEmpty()); i++) {
        if (i < 600 && random.nextInt(4) == 0) {
          heard.add(submit(models, all[random.nextInt(all.length)].id(), 1 + random.nextInt(20)));
        }
        if (i < 600 && random.nextInt(40) == 0 && !heard.isEmpty()) {
          heard.get(random.nextInt(heard.size())).sequence.cancel(EndCause.CANCELLED);
        }
        if (!loading.isEmpty() && random.nextInt(5) == 0) {
          if (random.nextInt(10) == 0) {
            failLoad();
          } else {
            finishLoad();
          }
        }
        models.turn();
        long used = loading.stream().mapToLong(ServedModel::bytes).sum();
        for (ModelMemory.Level level : models.memory().levels()) {
          used += level.inMemory() ? level.model().bytes() : 0;
        }
        assertThat(used).as("seed %d: bytes in use", seed).isLessThanOrEqualTo(bytesMax);
      }
      assertThat(heard).as("seed %d: ends", seed).allMatch(h -> h.cause != null);
      assertThat(heard.stream().mapToLong(h -> h.computeNs).sum())
          .as("seed %d: compute shares", seed)
          .isEqualTo(models.memory().stats().busyNs());
    }
  }

  private static final class Heard implements SequenceListener {
    Sequence sequence;
    EndCause cause;
    int tokens;
    long computeNs;

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public void started(int cachedPromptTokens) {}

    @Override
    public void token(int index, SampledToken token) {
      tokens++;
    }

    @Override
    public void embedding(float[] values) {
      throw new AssertionError("nobody asked for an embedding");
    }

    @Override
    public void ended(EndCause why, SequenceUsage usage) {
      assertThat(cause).as("it ends once").isNull();
      cause = why;
      computeNs = usage.computeNs();
    }
  }
}
