package dev.cofferdam.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The way of a request for an embedding. */
class EmbeddingCourseTest {
  @Test
  void anEmbeddingIsToldAtTheEndWithoutOutput() {
    CourseScenario s =
        new CourseScenario(Samples.embedding())
            .take(
                new Event.Begin(true),
                new Event.Admitted(Samples.LIMITS),
                new Event.Placed(Samples.placement("w1")),
                new Event.WorkerStarted(0, true),
                new Event.Embedded(new float[] {0.6f, 0.8f}),
                new Event.WorkerFailed(Refusal.of(ErrorCode.WORKER_LOST, "lost"), true),
                new Event.Placed(Samples.placement("w2")),
                new Event.WorkerStarted(0, true),
                new Event.Embedded(new float[] {0.6f, 0.8f}),
                new Event.WorkerFinished(false, new AttemptUsage(1, 1)));
    int prompt = s.generation.promptTokens().length;
    assertThat(s.trace)
        .containsExactly(
            "admit",
            "tell accepted",
            "place 1 generated 0 without []",
            "generate on w1",
            "place 2 generated 0 without [w1]",
            "generate on w2",
            "tell embedding [0.6, 0.8]",
            "tell finished STOP",
            "settle " + prompt + "+0",
            "record COMPLETED");
  }

  @Test
  void aWorkerThatEndsWithoutAnEmbeddingOrSendsTokensInsteadIsAtFault() {
    for (Event wrong :
        List.of(
            new Event.Tokens(0, new int[] {5}, List.of()),
            new Event.WorkerFinished(false, new AttemptUsage(1, 1)))) {
      CourseScenario s =
          new CourseScenario(Samples.embedding())
              .take(
                  new Event.Begin(true),
                  new Event.Admitted(Samples.LIMITS),
                  new Event.Placed(Samples.placement("w1")),
                  new Event.WorkerStarted(0, true),
                  wrong);
      assertThat(s.trace).contains("tell INTERNAL", "record FAILED");
    }
  }
}
