package dev.cofferdam.worker.execution.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.worker.execution.Conversation;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.Golden;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.model.ModelWeights;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CpuGoldenTest {
  static Stream<Golden> goldens() {
    return Golden.all().stream();
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void givesTheLogitsAndTheContinuationOfTheTrainingFramework(Golden golden) {
    ModelWeights model = ModelWeights.load(golden.model());
    ExecutorOptions options = new ExecutorOptions(64, 16, 1, 1, 512);
    try (CpuExecutor executor = CpuExecutor.create(model, options)) {
      int slot = golden.readAdapter(model.config()).map(executor::loadAdapter).orElse(0);
      Conversation conversation =
          new Conversation(golden.tokens(), IntStream.range(0, 64).toArray(), slot);
      StepPlan plan = Conversation.plan(1, 512);
      conversation.appendTo(plan, golden.ids().length);
      StepResult result = new StepResult(1);
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
}
