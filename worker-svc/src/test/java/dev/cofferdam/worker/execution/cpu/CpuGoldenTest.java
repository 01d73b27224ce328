package dev.cofferdam.worker.execution.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.worker.execution.Conversation;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.Golden;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.RelativeError;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.model.ModelWeights;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CpuGoldenTest {
  static Stream<Golden> goldens() {
    return Golden.all().stream();
  }

  private static CpuExecutor executor(ModelWeights model, KvType kv) {
    return CpuExecutor.create(model, new ExecutorOptions(64, 16, 1, 1, 512).withKv(kv));
  }

  private static Conversation conversation(
      Golden golden, ModelWeights model, CpuExecutor executor) {
    int slot = golden.readAdapter(model.config()).map(executor::loadAdapter).orElse(0);
    return new Conversation(golden.tokens(), IntStream.range(0, 64).toArray(), slot);
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void givesTheLogitsAndTheContinuationOfTheTrainingFramework(Golden golden) {
    ModelWeights model = ModelWeights.load(golden.model());
    try (CpuExecutor executor = executor(model, KvType.F32)) {
      Conversation conversation = conversation(golden, model, executor);
      StepPlan plan = Conversation.plan(1, 512);
      StepResult result = new StepResult(1);
      conversation.appendTo(plan, golden.ids().length);
      executor.execute(plan, result);
      for (int token = 0; token < golden.logits().length; token++) {
        double expected = golden.logits()[token];
        assertThat((double) executor.logit(0, token))
            .isCloseTo(expected, Offset.offset(1e-4 * (1 + Math.abs(expected))));
      }
      for (int i = 0; i < golden.greedy().length; i++) {
        assertThat(result.tokenId[0]).isEqualTo(golden.greedy()[i]);
        plan.sequences = 0;
        plan.rows = 0;
        conversation.appendTo(plan, 1);
        executor.execute(plan, result);
      }
    }
  }

  /** On the whole: a prompt of a sharp model may be a little further off. */
  @Test
  void keysAndValuesInBf16ChangeLogitsByLessThanAHundredth() {
    RelativeError error = new RelativeError();
    for (Golden golden : Golden.all()) {
      ModelWeights model = ModelWeights.load(golden.model());
      try (CpuExecutor executor = executor(model, KvType.BF16)) {
        StepPlan plan = Conversation.plan(1, 512);
        conversation(golden, model, executor).appendTo(plan, golden.ids().length);
        executor.execute(plan, new StepResult(1));
        for (int token = 0; token < golden.logits().length; token++) {
          error.add(executor.logit(0, token), golden.logits()[token]);
        }
      }
    }
    assertThat(error.value()).isBetween(1e-5, 1e-2);
  }
}
