package dev.cofferdam.worker.execution.reference;

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

class ReferenceGoldenTest {
  static Stream<Golden> goldens() {
    return Golden.all().stream();
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void givesTheLogitsOfTheTrainingFramework(Golden golden) {
    ModelWeights model = ModelWeights.load(golden.model());
    ExecutorOptions options = new ExecutorOptions(64, 16, 1, 1, 512);
    try (ReferenceExecutor executor = ReferenceExecutor.create(model, options)) {
      int slot = golden.readAdapter(model.config()).map(executor::loadAdapter).orElse(0);
      StepPlan plan = Conversation.plan(1, 512);
      new Conversation(golden.ids(), IntStream.range(0, 64).toArray(), slot)
          .appendTo(plan, golden.ids().length);
      StepResult result = new StepResult(1);
      executor.execute(plan, result);
      for (int token = 0; token < golden.logits().length; token++) {
        double expected = golden.logits()[token];
        assertThat(executor.logit(token))
            .isCloseTo(expected, Offset.offset(1e-5 * (1 + Math.abs(expected))));
      }
      assertThat(result.tokenId[0]).isEqualTo(golden.greedy()[0]);
    }
  }
}
