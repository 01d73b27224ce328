package dev.cofferdam.gateway.ingress.grpc;

import dev.cofferdam.gateway.dispatch.Answered;
import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.Together;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.proto.inference.v1.EmbedResponse;
import dev.cofferdam.proto.inference.v1.Embedding;
import dev.cofferdam.wire.Statuses;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.List;
import java.util.Optional;

/** The client's end of an Embed call. */
final class EmbeddingAnswer implements Together.Listener {
  private final ServerCallStreamObserver<EmbedResponse> call;
  private final Generation first;

  EmbeddingAnswer(ServerCallStreamObserver<EmbedResponse> call, Generation first) {
    this.call = call;
    this.first = first;
  }

  @Override
  public void done(List<Answered> answers, Optional<LimitState> limits) {
    EmbedResponse.Builder response =
        EmbedResponse.newBuilder()
            .setRequestId(first.id().value())
            .setModel(first.model().id())
            .setAdapter(first.adapter().map(a -> a.name()).orElse(""));
    for (Answered answer : answers) {
      Embedding.Builder embedding = response.addEmbeddingsBuilder();
      for (float value : answer.embedding()) {
        embedding.addValues(value);
      }
    }
    response.setUsage(
        GrpcClient.usage(Told.Usage.sum(answers.stream().map(a -> a.end().usage()).toList(), 1)));
    limits
        .flatMap(LimitState::budgetAlert)
        .map(GrpcClient::alert)
        .ifPresent(response::setBudgetAlert);
    call.onNext(response.build());
    call.onCompleted();
  }

  @Override
  public void failed(Told.Failed failed) {
    call.onError(Statuses.toStatus(failed.refusal()));
  }
}
