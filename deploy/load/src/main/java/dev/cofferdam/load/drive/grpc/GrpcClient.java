package dev.cofferdam.load.drive.grpc;

import dev.cofferdam.load.drive.Client;
import dev.cofferdam.load.drive.Target;
import dev.cofferdam.load.scenario.Planned;
import dev.cofferdam.load.scenario.Question;
import dev.cofferdam.proto.inference.v1.Chat;
import dev.cofferdam.proto.inference.v1.ChatMessage;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.GenerateResponse;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc.InferenceServiceStub;
import dev.cofferdam.proto.inference.v1.SamplingParameters;
import dev.cofferdam.proto.inference.v1.Usage;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.Statuses;
import dev.cofferdam.wire.TenantRecords;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.netty.handler.ssl.SslContextBuilder;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/** A tenant's client of {@code InferenceService}, on one connection. */
public final class GrpcClient implements Client {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final long DEADLINE_S = 120;

  private final Target target;
  private final ManagedChannel channel;
  private final InferenceServiceStub stub;

  /**
   * Connects when the first request is sent.
   *
   * @throws IllegalArgumentException where the tenant's files cannot be used
   */
  public GrpcClient(Target target, TenantId tenant) {
    this.target = target;
    Target.Credentials credentials = target.of(tenant);
    Metadata headers = new Metadata();
    headers.put(AUTHORIZATION, "Bearer " + credentials.apiKey());
    SslContextBuilder tls = GrpcSslContexts.forClient().trustManager(target.trust().toFile());
    credentials.certificate().ifPresent(c -> tls.keyManager(c.chain().toFile(), c.key().toFile()));
    try {
      this.channel =
          NettyChannelBuilder.forTarget("dns:///" + target.grpc()).sslContext(tls.build()).build();
    } catch (SSLException e) {
      throw new IllegalArgumentException("cannot use the authority " + target.trust(), e);
    }
    this.stub =
        InferenceServiceGrpc.newStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  @Override
  public Runnable send(Planned planned, Answers answers) {
    Context.CancellableContext context = Context.ROOT.withCancellation();
    context.run(
        () ->
            stub.withDeadlineAfter(DEADLINE_S, TimeUnit.SECONDS)
                .generate(request(planned), new Observer(answers, context)));
    return () -> context.cancel(null);
  }

  private GenerateRequest request(Planned planned) {
    return GenerateRequest.newBuilder()
        .setModel(target.model())
        .setAdapter(target.adapter(planned.stream()))
        .setWorkloadClass(TenantRecords.workloadClass(planned.stream().workloadClass()))
        .setChat(
            Chat.newBuilder()
                .addMessages(
                    ChatMessage.newBuilder().setRole("user").setContent(Question.of(planned))))
        .setSampling(
            SamplingParameters.newBuilder()
                .setTemperature(0)
                .setIgnoreEnd(true)
                .setMaxOutputTokens(planned.outputTokens()))
        .build();
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }

  private static final class Observer implements StreamObserver<GenerateResponse> {
    private final Answers answers;
    private final Context.CancellableContext context;
    private Usage usage = Usage.getDefaultInstance();

    Observer(Answers answers, Context.CancellableContext context) {
      this.answers = answers;
      this.context = context;
    }

    @Override
    public void onNext(GenerateResponse event) {
      switch (event.getEventCase()) {
        case DELTA -> answers.output();
        case FINISHED -> usage = event.getFinished().getUsage();
        default -> {}
      }
    }

    @Override
    public void onError(Throwable failure) {
      answers.refused(Statuses.toRefusal(failure).code().wireName());
      context.cancel(null);
    }

    @Override
    public void onCompleted() {
      answers.served(
          usage.getPromptTokens(), usage.getCachedPromptTokens(), usage.getOutputTokens());
      context.cancel(null);
    }
  }
}
