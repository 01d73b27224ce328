package dev.cofferdam.gateway.ingress.grpc;

import com.google.protobuf.ByteString;
import dev.cofferdam.gateway.connection.Pace;
import dev.cofferdam.gateway.dispatch.Client;
import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.TokenScores;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.prompt.Tokenizer;
import dev.cofferdam.gateway.quota.Budget;
import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.gateway.retrieval.Passage;
import dev.cofferdam.proto.inference.v1.Accepted;
import dev.cofferdam.proto.inference.v1.AnswerSource;
import dev.cofferdam.proto.inference.v1.BudgetAlert;
import dev.cofferdam.proto.inference.v1.Citation;
import dev.cofferdam.proto.inference.v1.FinishReason;
import dev.cofferdam.proto.inference.v1.Finished;
import dev.cofferdam.proto.inference.v1.GenerateResponse;
import dev.cofferdam.proto.inference.v1.Queued;
import dev.cofferdam.proto.inference.v1.TextDelta;
import dev.cofferdam.proto.inference.v1.TokenLogprob;
import dev.cofferdam.proto.inference.v1.Usage;
import dev.cofferdam.wire.Statuses;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.function.Consumer;

/** The client's end of a Generate call. */
final class GrpcClient implements Client {
  private final ServerCallStreamObserver<GenerateResponse> call;
  private final Generation generation;
  private final Pace pace;
  private final Consumer<Duration> pauses;
  private AnswerSource source = AnswerSource.ANSWER_SOURCE_WORKER;
  private volatile long readyNs = System.nanoTime();

  /**
   * @param pauses told for how long nothing more is to be sent
   */
  GrpcClient(
      ServerCallStreamObserver<GenerateResponse> call,
      Generation generation,
      Pace pace,
      Consumer<Duration> pauses) {
    this.call = call;
    this.generation = generation;
    this.pace = pace;
    this.pauses = pauses;
  }

  @Override
  public boolean ready() {
    return call.isReady() && System.nanoTime() - readyNs >= 0;
  }

  @Override
  public void tell(Told told) {
    GenerateResponse.Builder response = GenerateResponse.newBuilder();
    switch (told) {
      case Told.Accepted accepted ->
          call.onNext(response.setAccepted(accepted(accepted.limits())).build());
      case Told.Waiting waiting ->
          call.onNext(
              response
                  .setQueued(
                      Queued.newBuilder()
                          .setPosition(waiting.position())
                          .setExpectedWaitMs(waiting.expectedWaitMs()))
                  .build());
      case Told.Recalled recalled ->
          source =
              switch (recalled.match()) {
                case EXACT -> AnswerSource.ANSWER_SOURCE_SAME_INPUT;
                case SIMILAR -> AnswerSource.ANSWER_SOURCE_SIMILAR_INPUT;
              };
      case Told.Text text -> send(response.setDelta(delta(text)).build());
      case Told.Embedding unused ->
          throw new IllegalStateException("nobody asked for an embedding");
      case Told.Finished finished -> {
        call.onNext(response.setFinished(finished(finished)).build());
        call.onCompleted();
      }
      case Told.Failed failed -> call.onError(Statuses.toStatus(failed.refusal()));
    }
  }

  private void send(GenerateResponse text) {
    call.onNext(text);
    long nowNs = System.nanoTime();
    long waitNs = pace.sent(text.getSerializedSize(), nowNs);
    if (waitNs > 0) {
      readyNs = nowNs + waitNs;
      pauses.accept(Duration.ofNanos(waitNs));
    }
  }

  private Accepted accepted(LimitState limits) {
    Accepted.Builder accepted =
        Accepted.newBuilder()
            .setRequestId(generation.id().value())
            .setModel(generation.model().id())
            .setAdapter(generation.adapter().map(a -> a.name()).orElse(""));
    limits.budgetAlert().map(GrpcClient::alert).ifPresent(accepted::setBudgetAlert);
    return accepted.build();
  }

  static BudgetAlert alert(Budget.Use use) {
    return BudgetAlert.newBuilder()
        .setBudget(use.budget().label())
        .setPercent(use.percent())
        .setResetMs(use.resetMs())
        .build();
  }

  static Usage usage(Told.Usage usage) {
    return Usage.newBuilder()
        .setPromptTokens(usage.promptTokens())
        .setCachedPromptTokens(usage.cachedPromptTokens())
        .setOutputTokens(usage.outputTokens())
        .build();
  }

  private Finished finished(Told.Finished finished) {
    Finished.Builder all =
        Finished.newBuilder()
            .setReason(
                finished.reason() == Told.Reason.STOP
                    ? FinishReason.FINISH_REASON_STOP
                    : FinishReason.FINISH_REASON_LENGTH)
            .setUsage(usage(finished.usage()))
            .setSource(source);
    generation.citations().forEach(citation -> all.addCitations(citation(citation)));
    return all.build();
  }

  private static Citation.Builder citation(dev.cofferdam.gateway.retrieval.Citation citation) {
    Passage passage = citation.passage();
    return Citation.newBuilder()
        .setNumber(citation.number())
        .setDocument(passage.document())
        .setTitle(passage.title())
        .setCollection(passage.collection())
        .setPassage(passage.place())
        .setScore(passage.score());
  }

  private TextDelta delta(Told.Text text) {
    TextDelta.Builder delta =
        TextDelta.newBuilder().setText(text.text()).setOutputTokens(text.outputTokens());
    for (TokenScores scores : text.scores()) {
      TokenLogprob.Builder token = logprob(scores.token(), scores.logprob());
      scores.top().forEach(t -> token.addTop(logprob(t.token(), t.logprob())));
      delta.addLogprobs(token);
    }
    return delta.build();
  }

  private TokenLogprob.Builder logprob(int token, float logprob) {
    Tokenizer tokenizer = generation.format().tokenizer();
    byte[] bytes = tokenizer.bytes(token);
    return TokenLogprob.newBuilder()
        .setToken(new String(bytes, java.nio.charset.StandardCharsets.UTF_8))
        .setBytes(ByteString.copyFrom(bytes))
        .setLogprob(logprob);
  }
}
