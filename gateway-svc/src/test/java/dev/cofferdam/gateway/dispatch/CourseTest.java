package dev.cofferdam.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.Tier;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CourseTest {
  private static final Refusal LOST =
      Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "peer answered UNAVAILABLE");

  private static Event tokens(int first, int... tokens) {
    return new Event.Tokens(first, tokens, List.of());
  }

  @Test
  void aRequestIsAdmittedPlacedServedSettledAndRecorded() {
    int[] words = Samples.tokens("Your parcel is on its way.");
    int n = words.length;
    CourseScenario s =
        new CourseScenario(Tier.STANDARD, 100)
            .take(
                new Event.Begin(true),
                new Event.Admitted(Samples.LIMITS),
                new Event.Queued(3, 50),
                new Event.Placed(Samples.placement("w1")),
                new Event.WorkerStarted(2, true),
                tokens(0, words),
                tokens(n, Samples.EOT),
                new Event.WorkerFinished(true, new AttemptUsage(4, 4)));
    int prompt = s.generation.promptTokens().length;
    assertThat(s.trace)
        .containsExactly(
            "admit",
            "tell accepted",
            "place 1 generated 0 without []",
            "tell waiting 3",
            "generate on w1",
            "tell finished STOP",
            "settle " + prompt + "+" + (n + 1),
            "record COMPLETED");
    assertThat(s.text.toString()).isEqualTo("Your parcel is on its way.");
    assertThat(s.ending.usage()).isEqualTo(new Told.Usage(prompt, 2, n + 1));
    assertThat(s.ending.ttftMs()).isEqualTo(60);
    assertThat(s.ending.queueWaitMs()).isEqualTo(5);
    assertThat(s.ending.kvBlocksAllocated()).isEqualTo(4);
  }

  private static final ResponseCache.Found NOT_FOUND =
      new ResponseCache.Found.Nothing(Optional.empty());

  @Test
  void anAnswerThatWasGivenBeforeIsGivenAgainAndUsesNothing() {
    ResponseCache.Response answer =
        new ResponseCache.Response("It is on its way.", 7, Told.Reason.STOP);
    CourseScenario s =
        new CourseScenario(Samples.recallable("harbor-books"))
            .take(
                new Event.Begin(true),
                new Event.Admitted(Samples.LIMITS),
                new Event.Recalled(
                    new ResponseCache.Found.Answer(answer, ResponseCache.Match.EXACT)));
    assertThat(s.trace)
        .containsExactly(
            "admit",
            "tell accepted",
            "recall",
            "tell recalled exact",
            "tell finished STOP",
            "settle 0+0",
            "record COMPLETED");
    assertThat(s.text.toString()).isEqualTo("It is on its way.");
    int prompt = s.generation.promptTokens().length;
    assertThat(s.last)
        .isEqualTo(
            new Told.Finished(
                Told.Reason.STOP, new Told.Usage(prompt, prompt, 7), Optional.empty()));
    assertThat(s.ending.recalled()).contains(ResponseCache.Match.EXACT);
    assertThat(s.ending.placement()).isEmpty();
  }

  @Test
  void anAnswerToASimilarQuestionUsesTheTokensThatWereEmbedded() {
    Generation asking = Samples.asking("harbor-books", "Where is it?", "Be kind.");
    CourseScenario s =
        new CourseScenario(asking)
            .take(
                new Event.Begin(true),
                new Event.Admitted(Samples.LIMITS),
                new Event.Recalled(
                    new ResponseCache.Found.Answer(
                        new ResponseCache.Response("It is here.", 4, Told.Reason.STOP),
                        ResponseCache.Match.SIMILAR)));
    int question = asking.likeness().orElseThrow().question().length;
    assertThat(s.trace)
        .containsExactly(
            "admit",
            "tell accepted",
            "recall",
            "tell recalled similar",
            "tell finished STOP",
            "settle " + question + "+0",
            "record COMPLETED");
    assertThat(asking.inputTokensMax()).isEqualTo(asking.promptTokens().length + question);
  }

  @Test
  void aQuestionThatCouldNotBeEmbeddedUsesNothing() {
    CourseScenario s =
        new CourseScenario(Samples.asking("harbor-books", "Where is it?"))
            .take(
                new Event.Begin(true),
                new Event.Admitted(Samples.LIMITS),
                new Event.Recalled(NOT_FOUND),
                new Event.ClientGone());
    assertThat(s.trace).contains("settle 0+0");
  }

  @Test
  void aNewAnswerOfATenantThatWantsItIsKept() {
    int[] words = Samples.tokens("Hello.");
    CourseScenario s =
        new CourseScenario(Samples.recallable("harbor-books"))
            .take(
                new Event.Begin(true),
                new Event.Admitted(Samples.LIMITS),
                new Event.Recalled(NOT_FOUND),
                new Event.Placed(Samples.placement("w1")),
                new Event.WorkerStarted(0, false),
                tokens(0, words),
                tokens(words.length, Samples.EOT),
                new Event.WorkerFinished(true, new AttemptUsage(1, 1)));
    assertThat(s.trace)
        .contains(
            "keep Response[text=Hello., outputTokens=" + (words.length + 1) + ", reason=STOP]");
    assertThat(s.ending.recalled()).isEmpty();
  }

  @Test
  void aClientThatLeavesDuringTheRecallEndsTheRequestOnce() {
    CourseScenario s =
        new CourseScenario(Samples.recallable("harbor-books"))
            .take(
                new Event.Begin(true),
                new Event.Admitted(Samples.LIMITS),
                new Event.ClientGone(),
                new Event.Recalled(NOT_FOUND));
    assertThat(s.trace)
        .containsExactly("admit", "tell accepted", "recall", "settle 0+0", "record CANCELLED");
  }

  @Test
  void aRequestThatTheLimiterRefusesIsNotSettled() {
    Refusal limit = Refusal.of(ErrorCode.RATE_LIMIT_TOKENS, "used up");
    CourseScenario s =
        new CourseScenario(Tier.FREE, 10)
            .take(new Event.Begin(true), new Event.NotAdmitted(limit, Samples.LIMITS));
    assertThat(s.trace).containsExactly("admit", "tell RATE_LIMIT_TOKENS", "record REFUSED");
    assertThat(((Told.Failed) s.last).limits()).contains(Samples.LIMITS);
  }

  @Test
  void enterpriseRequestsAreRefusedWhileAuditFactsCannotBeKept() {
    CourseScenario enterprise =
        new CourseScenario(Tier.ENTERPRISE, 10).take(new Event.Begin(false));
    assertThat(enterprise.trace).containsExactly("tell AUDIT_UNAVAILABLE", "record REFUSED");
    assertThat(new CourseScenario(Tier.STANDARD, 10).take(new Event.Begin(false)).trace)
        .containsExactly("admit");
  }

  @Test
  void aLostWorkersStreamGoesOnOnAnotherFromWhereItWas() {
    int[] words = Samples.tokens("It arrives on Monday.");
    int half = words.length / 2;
    CourseScenario s =
        new CourseScenario(Tier.STANDARD, 100)
            .untilServing()
            .take(
                tokens(0, Arrays.copyOf(words, half)),
                new Event.WorkerFailed(LOST, true),
                new Event.Queued(0, 0));
    assertThat(s.trace).endsWith("generate on w1", "place 2 generated " + half + " without [w1]");
    int prompt = s.generation.promptTokens().length;
    assertThat(s.lastPlace.tokens()).startsWith(s.generation.promptTokens()).hasSize(prompt + half);
    s.take(
        new Event.Placed(Samples.placement("w2")),
        new Event.WorkerStarted(0, false),
        tokens(half, Arrays.copyOfRange(words, half, words.length)),
        new Event.WorkerFinished(true, new AttemptUsage(1, 1)));
    assertThat(s.text.toString()).isEqualTo("It arrives on Monday.");
    assertThat(s.trace)
        .endsWith(
            "generate on w2",
            "tell finished STOP",
            "settle " + prompt + "+" + words.length,
            "record COMPLETED");
    assertThat(s.ending.usage().cachedPromptTokens()).isEqualTo(2);
    assertThat(s.ending.kvBlocksAllocated()).isEqualTo(-1);
  }

  @Test
  void tokensThatComeTwiceAreToldOnce() {
    int[] words = Samples.tokens("It arrives on Monday.");
    CourseScenario s = new CourseScenario(Tier.STANDARD, 100).untilServing().take(tokens(0, words));
    s.take(tokens(0, words), new Event.WorkerFinished(false, new AttemptUsage(1, 1)));
    assertThat(s.text.toString()).isEqualTo("It arrives on Monday.");
    assertThat(s.ending.usage().outputTokens()).isEqualTo(words.length);
  }

  @Test
  void outputThatSkipsTokensIsABugOfTheWorker() {
    CourseScenario s = new CourseScenario(Tier.STANDARD, 100).untilServing().take(tokens(1, 5));
    assertThat(s.trace).contains("stop worker", "tell INTERNAL", "record FAILED");
  }

  @Test
  void aRequestThatLosesThreeWorkersIsGivenUp() {
    CourseScenario s = new CourseScenario(Tier.STANDARD, 100).untilServing();
    s.take(
        new Event.WorkerFailed(LOST, true),
        new Event.Placed(Samples.placement("w2")),
        new Event.WorkerFailed(LOST, true),
        new Event.Placed(Samples.placement("w3")),
        new Event.WorkerFailed(LOST, true));
    assertThat(s.trace).contains("place 3 generated 0 without [w1, w2]", "tell WORKER_LOST");
    assertThat(s.trace).doesNotContain("place 4 generated 0 without [w1, w2, w3]");
    assertThat(s.ending.outcome()).isEqualTo(AuditFact.Outcome.FAILED);
    assertThat(s.ending.attempts()).isEqualTo(3);
  }

  @Test
  void aRequestThatBreaksTwoWorkersIsPoisonAndIsNotTriedAgain() {
    Refusal died = Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "the connection broke");
    Refusal failed = Refusal.of(ErrorCode.INTERNAL, "the worker failed");
    CourseScenario s = new CourseScenario(Tier.STANDARD, 100).untilServing();
    s.take(
        new Event.WorkerFailed(died, true),
        new Event.Placed(Samples.placement("w2")),
        new Event.WorkerStarted(0, false),
        new Event.WorkerFailed(failed, true));
    assertThat(s.trace).contains("dead letter [w1, w2]", "tell POISON_REQUEST", "record FAILED");
    assertThat(s.trace).noneMatch(line -> line.startsWith("place 3"));
  }

  @Test
  void workersThatCannotBeReachedOrSayGoodbyeAreNotBrokenByTheRequest() {
    Refusal away = Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "no connection");
    CourseScenario s = new CourseScenario(Tier.STANDARD, 100).untilServing();
    s.take(
        new Event.WorkerFailed(LOST, true),
        new Event.Placed(Samples.placement("w2")),
        new Event.WorkerFailed(away, true));
    assertThat(s.trace).contains("place 3 generated 0 without [w1, w2]");
    assertThat(s.trace).noneMatch(line -> line.startsWith("dead letter"));
  }

  @Test
  void aWorkerThatIsLostAfterItsLastTokenIsNotMissed() {
    int[] words = Samples.tokens("Done.");
    CourseScenario stop = new CourseScenario(Tier.STANDARD, 100).untilServing();
    stop.take(
        tokens(0, words), tokens(words.length, Samples.EOT), new Event.WorkerFailed(LOST, true));
    assertThat(stop.trace).contains("tell finished STOP");
    CourseScenario full = new CourseScenario(Tier.STANDARD, words.length).untilServing();
    full.take(tokens(0, words), new Event.WorkerFailed(LOST, true));
    assertThat(full.trace).contains("tell finished LENGTH");
  }

  @Test
  void whatAnotherWorkerWouldAnswerTooIsNotTriedAgain() {
    CourseScenario s = new CourseScenario(Tier.STANDARD, 100).untilServing();
    s.take(new Event.WorkerFailed(Refusal.of(ErrorCode.BAD_ADAPTER, "digest"), false));
    assertThat(s.trace).contains("tell BAD_ADAPTER", "record FAILED");
    assertThat(s.trace).noneMatch(line -> line.startsWith("place 2"));
  }

  @Test
  void aStopTextEndsTheWorkersCallAndTokensAfterItDoNotCount() {
    int[] words = Samples.tokens("One two three four");
    CourseScenario s =
        new CourseScenario(Tier.STANDARD, 100, "three").untilServing().take(tokens(0, words));
    assertThat(s.text.toString()).isEqualTo("One two ");
    int counted = s.ending.usage().outputTokens();
    assertThat(counted).isPositive().isLessThan(words.length);
    assertThat(s.trace)
        .contains("finish worker " + counted, "tell finished STOP", "record COMPLETED");
  }

  @Test
  void theRecordSaysEncryptedOnlyWhereEachWorkerKeptItSo() {
    int[] words = Samples.tokens("One two three four");
    CourseScenario both = new CourseScenario(Tier.ENTERPRISE, words.length).untilServing();
    both.take(tokens(0, words), new Event.WorkerFinished(false, new AttemptUsage(4, 4)));
    assertThat(both.ending.kvEncrypted()).isTrue();
    CourseScenario one = new CourseScenario(Tier.ENTERPRISE, words.length).untilServing();
    one.take(
        new Event.WorkerFailed(LOST, true),
        new Event.Placed(Samples.placement("w2")),
        new Event.WorkerStarted(0, false),
        tokens(0, words),
        new Event.WorkerFinished(false, new AttemptUsage(4, 4)));
    assertThat(one.ending.kvEncrypted()).isFalse();
    CourseScenario none = new CourseScenario(Tier.ENTERPRISE, 10).take(new Event.Begin(false));
    assertThat(none.ending.kvEncrypted()).isFalse();
  }

  @Test
  void aWorkerThatWaitsForTheBillHearsItHoweverTheOutputEndsAndForItsOwnAttemptOnly() {
    int[] words = Samples.tokens("One two three four");
    int half = words.length / 2;
    CourseScenario s =
        new CourseScenario(Tier.STANDARD, words.length, "never said")
            .untilServing()
            .take(
                tokens(0, Arrays.copyOf(words, half)),
                new Event.WorkerFailed(LOST, true),
                new Event.Placed(Samples.placement("w2")),
                tokens(half, Arrays.copyOfRange(words, half, words.length)),
                new Event.WorkerFinished(false, new AttemptUsage(4, 4)));
    assertThat(s.trace)
        .containsSubsequence(
            "generate on w2", "finish worker " + (words.length - half), "tell finished LENGTH");
  }

  @Test
  void aClientThatLeavesEndsWhateverIsUnderWay() {
    CourseScenario admitting =
        new CourseScenario(Tier.STANDARD, 10).take(new Event.Begin(true), new Event.ClientGone());
    assertThat(admitting.trace).containsExactly("admit", "record CANCELLED");
    assertThat(admitting.take(new Event.Admitted(Samples.LIMITS)).trace).endsWith("settle 0+0");

    CourseScenario placing =
        new CourseScenario(Tier.STANDARD, 10)
            .take(
                new Event.Begin(true), new Event.Admitted(Samples.LIMITS), new Event.ClientGone());
    assertThat(placing.trace).endsWith("stop placing", "settle 0+0", "record CANCELLED");

    CourseScenario serving =
        new CourseScenario(Tier.STANDARD, 10)
            .untilServing()
            .take(tokens(0, 5, 6), new Event.ClientGone());
    int prompt = serving.generation.promptTokens().length;
    assertThat(serving.trace)
        .endsWith("stop worker", "settle " + prompt + "+2", "record CANCELLED");
  }

  @Test
  void aRequestOutlivesRoutersForAWhileAndNotForEver() {
    CourseScenario s =
        new CourseScenario(Tier.STANDARD, 10)
            .take(new Event.Begin(true), new Event.Admitted(Samples.LIMITS));
    for (int i = 0; i < 5; i++) {
      s.take(new Event.RoutersUnreachable(), new Event.Awake());
    }
    assertThat(s.trace).contains("wake in 100", "wake in 1600").doesNotContain("wake in 3200");
    s.take(new Event.RoutersUnreachable());
    assertThat(s.trace).endsWith("tell DEPENDENCY_UNAVAILABLE", "settle 0+0", "record FAILED");
  }

  @Test
  void aContinuationWaitsForAWorkerToComeBack() {
    CourseScenario s = new CourseScenario(Tier.STANDARD, 100).untilServing();
    s.take(
        new Event.WorkerFailed(LOST, true),
        new Event.PlacementRefused(Refusal.of(ErrorCode.NO_CAPACITY, "none")));
    assertThat(s.trace).endsWith("place 2 generated 0 without [w1]", "wake in 100");
    assertThat(s.take(new Event.Awake()).trace).endsWith("place 2 generated 0 without []");
  }

  @Test
  void aFirstPlacementThatIsRefusedIsTheClientsToTryAgain() {
    CourseScenario s =
        new CourseScenario(Tier.STANDARD, 100)
            .take(
                new Event.Begin(true),
                new Event.Admitted(Samples.LIMITS),
                new Event.PlacementRefused(Refusal.of(ErrorCode.QUEUE_FULL, "full")));
    assertThat(s.trace).endsWith("tell QUEUE_FULL", "settle 0+0", "record REFUSED");
  }

  @Test
  void theDeadlineEndsARequest() {
    CourseScenario s =
        new CourseScenario(Tier.STANDARD, 100).untilServing().take(new Event.DeadlinePassed());
    assertThat(s.trace).contains("stop worker", "tell DEADLINE_EXCEEDED", "record FAILED");
  }

  static IntStream seeds() {
    return IntStream.range(0, 500);
  }

  /**
   * Whatever happens in whatever order, a request ends at most once, and is settled if admitted.
   */
  @ParameterizedTest
  @MethodSource("seeds")
  void everyRequestEndsExactlyOnce(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    CourseScenario s =
        random.nextBoolean()
            ? new CourseScenario(Tier.STANDARD, 30, "zz")
            : new CourseScenario(Samples.recallable("harbor-books", "zz"));
    s.take(new Event.Begin(true));
    boolean admitted = false;
    for (int i = 0; i < 40; i++) {
      Event event = any(random, s);
      if (event instanceof Event.Admitted && admitted) {
        continue;
      }
      admitted |= event instanceof Event.Admitted;
      s.take(event);
    }
    s.take(new Event.DeadlinePassed());
    String as = "seed " + seed + ": " + s.trace;
    assertThat(count(s, "record")).as(as).isEqualTo(1);
    assertThat(count(s, "settle")).as(as).isEqualTo(admitted ? 1 : 0);
    assertThat(count(s, "tell finished") + failures(s)).as(as).isLessThanOrEqualTo(1);
    assertThat(s.course.ended()).as(as).isTrue();
  }

  private static Event any(SplittableRandom random, CourseScenario s) {
    return switch (random.nextInt(13)) {
      case 0 -> new Event.Admitted(Samples.LIMITS);
      case 1 -> new Event.Queued(1, 1);
      case 2, 3 -> new Event.Placed(Samples.placement("w" + random.nextInt(4)));
      case 4 -> new Event.PlacementRefused(Refusal.of(ErrorCode.NO_CAPACITY, "none"));
      case 5 -> new Event.RoutersUnreachable();
      case 6 -> new Event.Awake();
      case 7 -> new Event.WorkerStarted(0, false);
      case 8, 9 -> tokens(random.nextInt(6), random.nextInt(4_096), random.nextInt(4_096));
      case 10 -> new Event.WorkerFailed(LOST, random.nextInt(4) > 0);
      case 11 ->
          new Event.Recalled(
              random.nextInt(4) == 0
                  ? new ResponseCache.Found.Answer(
                      new ResponseCache.Response("Yes.", 2, Told.Reason.STOP),
                      ResponseCache.Match.SIMILAR)
                  : NOT_FOUND);
      default ->
          random.nextInt(4) == 0
              ? new Event.WorkerFinished(true, new AttemptUsage(1, 1))
              : random.nextInt(6) == 0 ? new Event.ClientGone() : new Event.Queued(0, 0);
    };
  }

  private static long count(CourseScenario s, String prefix) {
    return s.trace.stream().filter(line -> line.startsWith(prefix)).count();
  }

  private static long failures(CourseScenario s) {
    return s.trace.stream().filter(line -> line.matches("tell [A-Z_]+")).count();
  }
}
