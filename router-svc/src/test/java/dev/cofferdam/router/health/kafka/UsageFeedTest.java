package dev.cofferdam.router.health.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.kafka.TestKafka;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import dev.cofferdam.router.health.Attempt;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.Events;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class UsageFeedTest {
  @TempDir private Path folder;

  private static byte[] fact(String worker, Outcome outcome) {
    return fact(worker, outcome, 20, 0);
  }

  private static byte[] fact(String worker, Outcome outcome, int tokens, int preemptions) {
    return Events.encode(
        worker + ":1:0",
        "/worker/" + worker,
        "dev.cofferdam.usage.recorded.v1",
        Instant.EPOCH,
        Map.of(),
        UsageRecorded.newBuilder()
            .setTenant("acme")
            .setModel("m")
            .setAdapter("voice")
            .setAdapterVersion("v1")
            .setPool("shared")
            .setWorkerId(worker)
            .setOutcome(outcome)
            .setQueueWaitMs(3)
            .setPrefillMs(40)
            .setDecodeMs(190)
            .setOutputTokens(tokens)
            .setPreemptions(preemptions)
            .build());
  }

  @Test
  void everyRouterHearsOfEveryAttemptFromItsStartOn() throws Exception {
    try (TestKafka kafka = new TestKafka(folder)) {
      kafka.create(Topics.USAGE, 2);
      kafka.send(Topics.USAGE, 0, List.of(fact("before", Outcome.OUTCOME_FAILED)));
      BlockingQueue<Attempt> first = new LinkedBlockingQueue<>();
      BlockingQueue<Attempt> second = new LinkedBlockingQueue<>();
      try (UsageFeed one = UsageFeed.open(kafka.settings(), first::add);
          UsageFeed two = UsageFeed.open(kafka.settings(), second::add)) {
        for (BlockingQueue<Attempt> heard : List.of(first, second)) {
          // Until it follows, nothing is heard.
          @Nullable Attempt attempt = null;
          while (attempt == null) {
            kafka.send(Topics.USAGE, 1, List.of(new byte[] {7}, fact("w", Outcome.OUTCOME_LOST)));
            attempt = heard.poll(200, TimeUnit.MILLISECONDS);
          }
          assertThat(attempt)
              .isEqualTo(
                  new Attempt(
                      new TenantId("acme"),
                      "m",
                      "voice",
                      "v1",
                      "shared",
                      "w",
                      Attempt.Outcome.FAILED,
                      3,
                      40,
                      OptionalDouble.empty()));
        }
      }
    }
  }

  @Test
  void whatAClientEndedSaysNothingAndWhatIsNoFactIsLeftOut() {
    assertThat(UsageFeed.read(fact("w", Outcome.OUTCOME_CANCELLED)).orElseThrow().outcome())
        .isEqualTo(Attempt.Outcome.CANCELLED);
    assertThat(UsageFeed.read(fact("w", Outcome.OUTCOME_COMPLETED)).orElseThrow().failed())
        .isFalse();
    assertThat(UsageFeed.read(new byte[] {1, 2, 3})).isEmpty();
    assertThat(UsageFeed.read(null)).isEmpty();
  }

  @Test
  void aTokensTimeIsToldByRequestsThatWereServedInOneGoAndLongEnough() {
    assertThat(tokenMs(Outcome.OUTCOME_COMPLETED, 20, 0)).hasValue(10);
    assertThat(tokenMs(Outcome.OUTCOME_COMPLETED, 7, 0)).isEmpty();
    assertThat(tokenMs(Outcome.OUTCOME_COMPLETED, 20, 1)).isEmpty();
    assertThat(tokenMs(Outcome.OUTCOME_FAILED, 20, 0)).isEmpty();
  }

  private static OptionalDouble tokenMs(Outcome outcome, int tokens, int preemptions) {
    return UsageFeed.read(fact("w", outcome, tokens, preemptions)).orElseThrow().tokenMs();
  }
}
