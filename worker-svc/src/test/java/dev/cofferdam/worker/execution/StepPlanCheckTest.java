package dev.cofferdam.worker.execution;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNoException;

import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class StepPlanCheckTest {
  private static final ExecutorOptions OPTIONS = new ExecutorOptions(8, 4, 1, 2, 12);
  private static final ExecutorGeometry GEOMETRY = new ExecutorGeometry(20, 3, 24, 8, 4, 64, 1);
  private final StepPlanCheck check = new StepPlanCheck(GEOMETRY, OPTIONS);

  /**
   * A prompt's second chunk over blocks 5 and 6 behind a shared block 1, and a decode behind the
   * same.
   */
  private static StepPlan valid() {
    StepPlan plan = Conversation.plan(2, 12);
    Conversation prompt = new Conversation(new int[12], new int[] {1, 5, 6}, 0);
    prompt.done = 4;
    prompt.appendTo(plan, 7);
    Conversation decode = new Conversation(new int[12], new int[] {1, 2}, 1);
    decode.done = 7;
    decode.appendTo(plan, 1);
    return plan;
  }

  @Test
  void acceptsSequencesThatReadASharedBlockAndWriteTheirOwn() {
    StepPlan plan = valid();
    assertThatNoException().isThrownBy(() -> check.check(plan));
    assertThatNoException().isThrownBy(() -> check.check(plan));
  }

  static Stream<Arguments> damages() {
    return Stream.of(
        damage("sequences", p -> p.sequences = 3),
        damage("rows", p -> p.rows = 13),
        damage("rowStart", p -> p.rows = 7),
        damage("rowStart", p -> p.rowStart[1] = 0),
        damage("rowStart", p -> p.rowStart[0] = 1),
        damage("positions", p -> p.positions[0] = -1),
        damage("positions", p -> p.positions[2] = 4),
        damage("positions", p -> p.positions[7] = 24),
        damage("tokenIds", p -> p.tokenIds[3] = 20),
        damage("tokenIds", p -> p.tokenIds[3] = -1),
        damage("blockStart", p -> p.blockStart[1] = p.blockTable.length - 1),
        damage("blockStart", p -> p.blockStart[1] = -1),
        damage("blockTable", p -> p.blockTable[0] = 8),
        damage("blockTable", p -> p.blockTable[1] = -1),
        damage("blockTable: two writers of a block", p -> p.blockTable[p.blockStart[1] + 1] = 5),
        damage("blockTable: two writers of a block", p -> p.blockTable[2] = 5),
        damage("adapterSlot", p -> p.adapterSlot[0] = 2),
        damage("topLogprobs", p -> p.topLogprobs[1] = 21));
  }

  private static Arguments damage(String field, Consumer<StepPlan> change) {
    return Arguments.of(field, change);
  }

  @ParameterizedTest
  @MethodSource("damages")
  void refusesAPlanThatReachesOutsideOfItsBlocks(String field, Consumer<StepPlan> change) {
    StepPlan plan = valid();
    change.accept(plan);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> check.check(plan))
        .withMessage("step plan: " + field);
  }
}
