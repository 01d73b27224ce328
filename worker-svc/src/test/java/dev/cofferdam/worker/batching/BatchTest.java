package dev.cofferdam.worker.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.PrefixDigests;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.batching.FakeExecutor.Mark;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.kvcache.Sealing;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BatchTest {
  private static final int SLOTS = 4;
  private static final int STEP_TOKENS = 16;
  private static final int CHUNK = 4;

  private final FakeExecutor executor = new FakeExecutor(100, 4, 2, 256);
  private final Batch batch =
      new Batch(executor, new BatchOptions(SLOTS, STEP_TOKENS, CHUNK, 1_000_000));
  private long now = 1;
  private final Stepper stepper = new Stepper(batch, executor, () -> now += 100, e -> {});
  private int requests;

  private record Run(Sequence sequence, Recorded heard) {}

  private Run add(int tenant, int promptTokens, int outputMax, double startTag, int... stops) {
    return add(new Mark(tenant, 0, false, 0), promptTokens, outputMax, startTag, 1, stops);
  }

  private Run add(
      Mark mark, int promptTokens, int outputMax, double startTag, double weight, int... stops) {
    Run run = run(mark, promptTokens, outputMax, startTag, weight, stops);
    batch.add(run.sequence);
    return run;
  }

  private Run run(
      Mark mark, int promptTokens, int outputMax, double startTag, double weight, int... stops) {
    Recorded heard = new Recorded();
    byte[] key = new byte[32];
    key[0] = (byte) mark.tenant();
    SequenceRequest request =
        new SequenceRequest(
            new SequenceId(new RequestId("%032x".formatted(++requests)), 1),
            Operation.GENERATE,
            new TenantId("tenant-" + mark.tenant()),
            weight,
            startTag,
            IntStream.range(0, promptTokens).map(i -> i % 5).toArray(),
            promptTokens,
            outputMax,
            new Sampling(0, 1, 0, mark.seed(), -1),
            stops,
            0,
            false,
            FakeExecutor.adapter(mark.adapter()),
            Optional.of(new PrefixDigests(key, "model", "" + mark.adapter(), 4)),
            Optional.empty());
    return new Run(new Sequence(request, 256, 4, now, heard), heard);
  }

  private void finish() {
    for (int i = 0; i < 2_000 && !batch.isEmpty(); i++) {
      stepper.step();
    }
    assertThat(batch.isEmpty()).isTrue();
  }

  /** Rows that a sequence got in the last step. */
  private int rowsOf(Run run) {
    StepPlan plan = batch.stepPlan();
    for (int s = 0; s < plan.sequences; s++) {
      if (plan.blockTable[plan.blockStart[s]] == run.sequence.blocks[0]
          && run.sequence.blockCount > 0) {
        return plan.rowStart[s + 1] - plan.rowStart[s];
      }
    }
    return 0;
  }

  @Test
  void decodesAreServedInEveryStepWhileALongPromptIsComputedInTheRest() {
    Run talker = add(1, 3, 100, 0);
    stepper.step();
    Run reader = add(2, 90, 5, 0);

    for (int tokens = 2; reader.heard.tokens.isEmpty(); tokens++) {
      stepper.step();
      assertThat(talker.heard.tokens).hasSize(tokens);
      assertThat(batch.stepPlan().rows).isLessThanOrEqualTo(STEP_TOKENS);
    }
    assertThat(talker.heard.tokens.size()).isGreaterThanOrEqualTo(6);
  }

  @Test
  void promptsShareTheBudgetByTheirWeights() {
    Run heavy = add(new Mark(1, 0, false, 0), 80, 5, 0, 3);
    Run light = add(new Mark(2, 0, false, 0), 80, 5, 0, 1);

    stepper.step();

    assertThat(rowsOf(heavy)).isEqualTo(12);
    assertThat(rowsOf(light)).isEqualTo(4);
  }

  @Test
  void aSequenceWithALaterTagWaitsForThoseBeforeIt() {
    Run late = add(1, 16, 5, 1_000);
    Run early = add(2, 16, 5, 0);

    stepper.step();

    assertThat(early.heard.tokens).hasSize(1);
    assertThat(late.heard.tokens).isEmpty();
  }

  @Test
  void aShortPromptOfATenantWithLessThanItsShareDoesNotWaitForOthersPrompts() {
    FakeExecutor machine = new FakeExecutor(400, 4, 2, 256);
    Batch paced =
        new Batch(machine, new BatchOptions(8, 64, CHUNK, Long.MAX_VALUE, 1.5, Sealing.AT_REST, 0));
    for (int i = 0; i < 7; i++) {
      paced.add(sequence(1, 60, 60, 1_000 * i));
    }
    for (int i = 0; i < 20; i++) {
      step(paced, machine);
    }
    assertThat(step(paced, machine)).as("rows of its prompts beside its tokens").isBetween(1, 8);

    Sequence few = sequence(2, 40, 5, 10_000);
    paced.add(few);
    step(paced, machine);
    assertThat(few.remaining()).isEqualTo(1);
    assertThat(few.usage(now).prefillTokens()).isEqualTo(40);
  }

  private Sequence sequence(int tenant, int promptTokens, int outputMax, double startTag) {
    return run(new Mark(tenant, 0, false, 0), promptTokens, outputMax, startTag, 1).sequence;
  }

  /** A step that takes 1 µs, and 0.1 µs more for each row of a prompt; how many of those it had. */
  private int step(Batch paced, FakeExecutor machine) {
    assertThat(paced.plan(now)).isTrue();
    StepPlan plan = paced.stepPlan();
    int rows = 0;
    for (int s = 0; s < plan.sequences; s++) {
      int of = plan.rowStart[s + 1] - plan.rowStart[s];
      rows += plan.positions[plan.rowStart[s]] < plan.promptLength[s] ? of : 0;
    }
    machine.execute(plan, paced.stepResult());
    long busy = 1_000 + 100L * rows;
    now += busy;
    paced.settle(busy, now);
    paced.scrub();
    paced.report(0, now);
    return rows;
  }

  @Test
  void outputEndsAfterAStopTokenOrAtItsBound() {
    Run bounded = add(1, 5, 6, 0);
    finish();
    assertThat(bounded.heard.cause).isEqualTo(EndCause.LENGTH);
    assertThat(bounded.heard.tokens).hasSize(6);

    int stop = bounded.heard.tokens.get(2);
    Run stopped = add(1, 5, 6, 0, stop);
    finish();
    assertThat(stopped.heard.cause).isEqualTo(EndCause.STOP_TOKEN);
    assertThat(stopped.heard.tokens.getLast()).isEqualTo(stop);
    assertThat(stopped.heard.tokens)
        .isEqualTo(bounded.heard.tokens.subList(0, stopped.heard.tokens.size()));
  }

  @Test
  void aCancelledSequenceEndsInTheNextStepWithAllOfItsBlocksZeroOrCached() {
    Run run = add(1, 10, 50, 0);
    stepper.step();
    stepper.step();
    run.sequence.cancel(EndCause.CANCELLED);

    stepper.step();

    assertThat(run.heard.cause).isEqualTo(EndCause.CANCELLED);
    assertThat(run.heard.usage.kvBlocksZeroed()).isEqualTo(1);
    assertThat(batch.kv().idle()).isEqualTo(2);
    assertThat(batch.kv().pool().free()).isEqualTo(98);
  }

  @Test
  void aPausedSequenceIsNotServedAndGoesOnWithTheSameTokens() {
    Run undisturbed = add(1, 10, 20, 0);
    finish();
    Run run = add(1, 10, 20, 0);
    stepper.step();
    run.sequence.pause(new TenantId("chat"));
    for (int i = 0; i < 5; i++) {
      assertThat(stepper.step()).isFalse();
    }
    assertThat(run.heard.tokens).hasSize(1);

    run.sequence.resume();
    finish();

    assertThat(run.heard.tokens).isEqualTo(undisturbed.heard.tokens);
    assertThat(run.heard.usage.preemptions()).isEqualTo(1);
    assertThat(run.heard.usage.preemptedBy()).isEqualTo(Map.of(new TenantId("chat"), 1));
  }

  @Test
  void aReaderThatIsTooSlowIsEndedAndOnlyItsOwnSequenceWaits() {
    Run slow = add(1, 4, 100, 0);
    Run other = add(2, 4, 100, 0);
    stepper.step();
    slow.heard.ready = false;
    stepper.step();
    stepper.step();
    assertThat(slow.heard.tokens).hasSize(1);
    assertThat(other.heard.tokens).hasSize(3);

    now += 2_000_000;
    stepper.step();

    assertThat(slow.heard.cause).isEqualTo(EndCause.SLOW_READER);
    assertThat(other.heard.cause).isNull();
  }

  @Test
  void logitsThatAreNotFiniteEndTheirSequenceAloneAndLeaveNothingInTheCache() {
    Run bad = add(new Mark(1, 0, false, 3), 10, 50, 0, 1);
    Run good = add(2, 10, 20, 0);
    finish();

    assertThat(bad.heard.cause).isEqualTo(EndCause.NOT_FINITE);
    assertThat(bad.heard.tokens).hasSize(3);
    assertThat(good.heard.cause).isEqualTo(EndCause.LENGTH);
    assertThat(batch.kv().pool().ownedBy(new TenantId("tenant-1"))).isZero();
  }

  @Test
  void aStepThatFailsEndsOnlyTheSequenceThatMakesItFail() {
    Run poison = add(new Mark(1, 0, true, 0), 10, 50, 0, 1);
    Run first = add(2, 10, 20, 0);
    Run second = add(3, 10, 20, 1);
    finish();

    assertThat(poison.heard.cause).isEqualTo(EndCause.STEP_FAILED);
    assertThat(first.heard.cause).isEqualTo(EndCause.LENGTH);
    assertThat(second.heard.cause).isEqualTo(EndCause.LENGTH);
  }

  @Test
  void aSequenceWhoseTableNamesAForeignBlockEndsBeforeTheStepAndTouchesNothing() {
    Run victim = add(1, 10, 20, 0);
    Run attacker = add(2, 10, 20, 0);
    stepper.step();
    stepper.step();
    int own = attacker.sequence.blocks[0];
    attacker.sequence.blocks[0] = victim.sequence.blocks[0];

    finish();

    assertThat(attacker.heard.cause).isEqualTo(EndCause.ISOLATION);
    assertThat(attacker.heard.tokens).hasSize(1);
    assertThat(victim.heard.cause).isEqualTo(EndCause.LENGTH);
    assertThat(batch.stats().violations()).isPositive();
    assertThat(batch.kv().pool().owner(own)).isEqualTo(new TenantId("tenant-2"));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aForeignBlockInAPausedSequencesTableIsNoticedAndTouchesNothing(boolean beforeThePause) {
    Run victim = add(1, 10, 20, 0);
    Run attacker = add(2, 10, 20, 0);
    stepper.step();
    stepper.step();
    int foreign = victim.sequence.blocks[1];
    if (beforeThePause) {
      attacker.sequence.blocks[1] = foreign;
    }
    attacker.sequence.pause(new TenantId("chat"));
    stepper.step();
    attacker.sequence.blocks[1] = foreign;
    attacker.sequence.resume();
    stepper.step();

    assertThat(attacker.heard.cause).isEqualTo(EndCause.ISOLATION);
    assertThat(batch.kv().readers(foreign)).isEqualTo(1);
    finish();
    assertThat(victim.heard.cause).isEqualTo(EndCause.LENGTH);
    assertThat(batch.stats().violations()).isPositive();
  }

  @Test
  void moreMemoryThanTheWorkerHasEndsTheSequenceAtOnce() {
    FakeExecutor small = new FakeExecutor(3, 4, 0, 256);
    Batch tight = new Batch(small, new BatchOptions(SLOTS, STEP_TOKENS, CHUNK, 1_000_000));
    Recorded heard = new Recorded();
    SequenceRequest request =
        new SequenceRequest(
            new SequenceId(RequestId.random(), 1),
            Operation.GENERATE,
            new TenantId("t"),
            1,
            0,
            new int[] {1, 2, 3},
            3,
            10,
            new Sampling(0, 1, 0, 0, -1),
            new int[0],
            0,
            false,
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    tight.add(new Sequence(request, 256, 4, now, heard));

    new Stepper(tight, small, () -> now += 100, e -> {}).step();

    assertThat(heard.cause).isEqualTo(EndCause.OUT_OF_MEMORY);
  }

  @Test
  void theSecondPromptOfATenantIsComputedFromItsCacheAndTheFirstOfAnotherIsNot() {
    add(1, 40, 2, 0);
    finish();
    Run again = add(1, 40, 2, 0);
    Run foreign = add(2, 40, 2, 0);
    finish();

    assertThat(again.heard.cached).isEqualTo(36);
    assertThat(again.heard.usage.prefillTokens()).isEqualTo(4);
    assertThat(foreign.heard.cached).isZero();
    assertThat(foreign.heard.usage.prefillTokens()).isEqualTo(40);
  }

  @Test
  void theStateTableHasOneWayOutOfEveryStateAndNoneOutOfTheEnd() {
    for (SequenceState state : SequenceState.values()) {
      assertThat(state.next().contains(SequenceState.ENDED))
          .isEqualTo(state != SequenceState.ENDED);
      assertThat(state.next()).doesNotContain(state);
    }
  }

  @Test
  void sharesOfATimeAddUpToItHoweverItIsDivided() {
    for (long total = 0; total < 50; total++) {
      ComputeShares shares = new ComputeShares(total, 7);
      long sum = 0;
      for (int part : new int[] {1, 0, 3, 2, 1}) {
        long share = shares.next(part);
        assertThat(share).isBetween(total * part / 7, total * part / 7 + 1);
        sum += share;
      }
      assertThat(sum).isEqualTo(total);
    }
  }
}
