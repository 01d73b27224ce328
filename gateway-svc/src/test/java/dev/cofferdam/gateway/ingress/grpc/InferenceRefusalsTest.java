package dev.cofferdam.gateway.ingress.grpc;

import static dev.cofferdam.gateway.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.proto.inference.v1.Chat;
import dev.cofferdam.proto.inference.v1.ChatMessage;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.GenerateResponse;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.inference.v1.SamplingParameters;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.wire.Statuses;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is refused, and how it is said. */
@Timeout(60)
class InferenceRefusalsTest extends InferenceCalls {
  static Stream<Arguments> refused() {
    SamplingParameters.Builder s = SamplingParameters.newBuilder();
    return Stream.of(
        Arguments.of("chat.messages", GenerateRequest.newBuilder().build()),
        Arguments.of("prompt", GenerateRequest.newBuilder().setPrompt("").build()),
        Arguments.of("chat.messages", ask().setChat(Chat.newBuilder()).build()),
        Arguments.of("chat.messages[0].role", ask().setChat(chat("wizard", "x")).build()),
        Arguments.of("chat.messages", ask().setChat(chat("user", " \n")).build()),
        Arguments.of("sampling.temperature", with(s.clone().setTemperature(-0.1f))),
        Arguments.of("sampling.temperature", with(s.clone().setTemperature(Float.NaN))),
        Arguments.of("sampling.temperature", with(s.clone().setTemperature(1e30f))),
        Arguments.of("sampling.top_p", with(s.clone().setTopP(0))),
        Arguments.of("sampling.top_p", with(s.clone().setTopP(Float.NaN))),
        Arguments.of("sampling.top_p", with(s.clone().setTopP(1.5f))),
        Arguments.of("sampling.top_k", with(s.clone().setTopK(-1))),
        Arguments.of("sampling.min_p", with(s.clone().setMinP(1.1f))),
        Arguments.of("sampling.min_p", with(s.clone().setMinP(Float.NaN))),
        Arguments.of("sampling.presence_penalty", with(s.clone().setPresencePenalty(2.5f))),
        Arguments.of("sampling.frequency_penalty", with(s.clone().setFrequencyPenalty(-3))),
        Arguments.of("sampling.repetition_penalty", with(s.clone().setRepetitionPenalty(0))),
        Arguments.of("sampling.max_output_tokens", with(s.clone().setMaxOutputTokens(0))),
        Arguments.of("sampling.max_output_tokens", with(s.clone().setMaxOutputTokens(-5))),
        Arguments.of("sampling.top_logprobs", with(s.clone().setTopLogprobs(21))),
        Arguments.of("sampling.stop", with(s.clone().addAllStop(List.of("a", "b", "c", "d", "e")))),
        Arguments.of("sampling.stop", with(s.clone().addStop(""))),
        Arguments.of("workload_class", ask().setWorkloadClassValue(99).build()));
  }

  private static Chat chat(String role, String content) {
    return Chat.newBuilder()
        .addMessages(ChatMessage.newBuilder().setRole(role).setContent(content))
        .build();
  }

  private static GenerateRequest with(SamplingParameters.Builder sampling) {
    return ask().setSampling(sampling).build();
  }

  @ParameterizedTest
  @MethodSource("refused")
  void whatIsMalformedIsRefusedByTheNameOfItsField(String field, GenerateRequest request) {
    Refusal refusal = refusal(() -> generate(request));
    assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(refusal.parameter()).contains(field);
    assertThat(fleet.placed).isEmpty();
  }

  private static Refusal refusal(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException e) {
      return Statuses.toRefusal(e);
    }
    throw new AssertionError("was not refused");
  }

  @Test
  void aContextOverTheCapIsRefusedWithItsNumbers() {
    Refusal refusal =
        refusal(
            () ->
                generate(
                    with(SamplingParameters.newBuilder().setMaxOutputTokens(Integer.MAX_VALUE))));
    assertThat(refusal.code()).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
    assertThat(refusal.metadata())
        .containsEntry("context_tokens_max", "4000")
        .containsEntry("output_tokens_max", "2147483647");
    assertThat(refusal(() -> generate(ask().setPrompt("parcel ".repeat(5_000)).build())).code())
        .isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
  }

  @Test
  void aContextOverThePoolsCapIsRefusedBeforeAnythingIsReserved() {
    gateway.poolContextTokensMax = OptionalInt.of(100);

    Refusal refusal =
        refusal(() -> generate(with(SamplingParameters.newBuilder().setMaxOutputTokens(100))));

    assertThat(refusal.code()).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
    assertThat(refusal.metadata()).containsEntry("context_tokens_max", "100");
    assertThat(gateway.settled).isEmpty();
  }

  @Test
  void moreKvThanTheTenantsQuotaIsRefusedBeforeAnythingIsReserved() {
    Refusal refusal =
        refusal(
            () ->
                generate(
                    with(SamplingParameters.newBuilder().setMaxOutputTokens(1_001)).toBuilder()
                        .setModel("heavy-model")
                        .build()));

    assertThat(refusal.code()).isEqualTo(ErrorCode.KV_QUOTA_EXCEEDED);
    assertThat(refusal.metadata())
        .containsEntry("kv_bytes_max", "1000000000")
        .containsEntry("kv_bytes_per_token", "10000000");
    assertThat(gateway.settled).isEmpty();
  }

  @Test
  void aStormOfRefusedRequestsIsAnsweredWithoutLookingAtThem() {
    GenerateRequest bad = with(SamplingParameters.newBuilder().setMaxOutputTokens(100_000));
    ErrorCode last = ErrorCode.CONTEXT_LENGTH_EXCEEDED;
    int refusals = 0;
    while (last == ErrorCode.CONTEXT_LENGTH_EXCEEDED && refusals++ < 1_000) {
      last = refusal(() -> generate(bad)).code();
    }

    assertThat(last).isEqualTo(ErrorCode.CIRCUIT_OPEN);
    assertThat(gateway.breakers.pauses()).isEqualTo(1);
  }

  @Test
  void unknownForeignAndRestrictedModelsAnswerTheSame() {
    Refusal unknown = refusal(() -> generate(ask().setModel("nope").build()));
    assertThat(unknown.code()).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    assertThat(gateway.facts.last().severity()).isEqualTo(AuditFact.Severity.WARNING);
    assertThat(refusal(() -> generate(ask().setModel("secret-model").build()))).isEqualTo(unknown);
    assertThat(gateway.facts.last().operation()).isEqualTo("hidden_violation");
    assertThat(gateway.facts.last().severity()).isEqualTo(AuditFact.Severity.CRITICAL);
    Refusal adapter = refusal(() -> generate(ask().setAdapter("nope").build()));
    assertThat(adapter.code()).isEqualTo(ErrorCode.ADAPTER_NOT_FOUND);
    assertThat(refusal(() -> generate(ask().setAdapter("pixel-pirates").build())))
        .isEqualTo(adapter);
    assertThat(gateway.facts.last().operation()).isEqualTo("hidden_violation");
    assertThat(gateway.facts.last().severity()).isEqualTo(AuditFact.Severity.CRITICAL);
  }

  @Test
  void aMessageOfTenMegabytesIsRefused() {
    assertThatThrownBy(() -> generate(ask().setPrompt("x".repeat(10 << 20)).build()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED));
  }

  @Test
  void textThatIsNotUtf8IsRefused() {
    byte[] message = {0x1a, 0x02, (byte) 0xc3, 0x28};
    MethodDescriptor<byte[], GenerateResponse> raw =
        MethodDescriptor.<byte[], GenerateResponse>newBuilder()
            .setType(MethodDescriptor.MethodType.SERVER_STREAMING)
            .setFullMethodName(InferenceServiceGrpc.getGenerateMethod().getFullMethodName())
            .setRequestMarshaller(new RawMarshaller())
            .setResponseMarshaller(InferenceServiceGrpc.getGenerateMethod().getResponseMarshaller())
            .build();
    Refusal refusal =
        refusal(
            () ->
                ClientCalls.blockingServerStreamingCall(
                        client().getChannel(), raw, CallOptions.DEFAULT, message)
                    .forEachRemaining(e -> {}));
    assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
  }

  private static final class RawMarshaller implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      throw new UnsupportedOperationException("requests are not parsed here");
    }
  }

  @Test
  void withoutAKeyThereIsNoService() {
    Refusal refusal =
        refusal(
            () ->
                InferenceServiceGrpc.newBlockingStub(channel)
                    .generate(ask().build())
                    .forEachRemaining(e -> {}));
    assertThat(refusal.code()).isEqualTo(ErrorCode.UNAUTHENTICATED);
  }

  @Test
  void aLimitIsAnsweredWithWhenToTryAgain() {
    gateway.limitWith = Optional.of(Refusal.of(ErrorCode.RATE_LIMIT_TOKENS, "used up"));
    Refusal refusal = refusal(() -> generate(ask().build()));
    assertThat(refusal.code()).isEqualTo(ErrorCode.RATE_LIMIT_TOKENS);
    assertThat(refusal.retryAfter().orElseThrow().toMillis()).isEqualTo(1_250);
    assertThat(gateway.settled).isEmpty();
  }

  @Test
  void noCapacityIsAnsweredAsTheFleetSaysAndTheLeaseGivenBack() throws Exception {
    fleet.refuseWith = "queue_full";
    Refusal refusal = refusal(() -> generate(ask().build()));
    assertThat(refusal.code()).isEqualTo(ErrorCode.QUEUE_FULL);
    assertThat(refusal.retryAfter().orElseThrow().toMillis()).isEqualTo(1_500);
    assertThat(gateway.endings.poll(10, TimeUnit.SECONDS)).isNotNull();
    // The lease is given back beside the end's audit record, and may come after it.
    eventually(() -> !gateway.settled.isEmpty());
    assertThat(gateway.settled).containsExactly("0+0");
  }
}
