package dev.cofferdam.gateway.ingress.grpc;

import dev.cofferdam.gateway.ingress.Asked;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.proto.inference.v1.Chat;
import dev.cofferdam.proto.inference.v1.CountTokensRequest;
import dev.cofferdam.proto.inference.v1.EmbedRequest;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.Retrieval;
import dev.cofferdam.proto.inference.v1.SamplingParameters;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.WorkloadClass;
import dev.cofferdam.wire.TenantRecords;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Messages of the public API as what clients ask for. */
final class GrpcAsked {
  private static final Asked.FieldNames NAMES =
      new Asked.FieldNames(
          "model",
          "adapter",
          "prompt",
          "chat.messages",
          "sampling.temperature",
          "sampling.top_p",
          "sampling.top_k",
          "sampling.min_p",
          "sampling.presence_penalty",
          "sampling.frequency_penalty",
          "sampling.repetition_penalty",
          "sampling.max_output_tokens",
          "sampling.stop",
          "sampling.top_logprobs");

  private static final Asked.FieldNames EMBEDDING_NAMES =
      Asked.FieldNames.ofEmbedding("model", "adapter", "inputs");

  private GrpcAsked() {}

  static Asked of(GenerateRequest request, OptionalLong deadlineEpochMs) {
    Asked.Input input =
        switch (request.getInputCase()) {
          case PROMPT -> new Asked.Input.Text(request.getPrompt());
          case CHAT -> conversation(request.getChat());
          case INPUT_NOT_SET -> new Asked.Input.Missing();
        };
    return new Asked(
        request.getModel(),
        request.getAdapter(),
        input,
        tuning(request.getSampling()),
        workloadClass(request.getWorkloadClass()),
        deadlineEpochMs,
        request.hasRetrieval() ? Optional.of(retrieval(request.getRetrieval())) : Optional.empty(),
        NAMES);
  }

  static List<Asked> of(EmbedRequest request, OptionalLong deadlineEpochMs) {
    int count = request.getInputsCount();
    if (count == 0 || count > Asked.EMBEDDED_MAX) {
      throw Refusal.ofParameter(
              ErrorCode.INVALID_REQUEST,
              "inputs",
              "inputs has " + count + " entries (expected: 1 to " + Asked.EMBEDDED_MAX + ")")
          .asException();
    }
    Optional<WorkloadClass> workloadClass = workloadClass(request.getWorkloadClass());
    return request.getInputsList().stream()
        .map(
            text ->
                new Asked(
                    request.getModel(),
                    request.getAdapter(),
                    new Asked.Input.Text(text),
                    Asked.Tuning.defaults(),
                    workloadClass,
                    deadlineEpochMs,
                    EMBEDDING_NAMES))
        .toList();
  }

  private static Asked.Retrieval retrieval(Retrieval retrieval) {
    return new Asked.Retrieval(
        retrieval.getCollectionsList(),
        retrieval.hasPassages() ? OptionalLong.of(retrieval.getPassages()) : OptionalLong.empty(),
        retrieval.getQuery());
  }

  static Asked of(CountTokensRequest request) {
    Asked.Input input =
        switch (request.getInputCase()) {
          case PROMPT -> new Asked.Input.Text(request.getPrompt());
          case CHAT -> conversation(request.getChat());
          case INPUT_NOT_SET -> new Asked.Input.Missing();
        };
    return new Asked(
        request.getModel(),
        "",
        input,
        Asked.Tuning.defaults(),
        Optional.empty(),
        OptionalLong.empty(),
        NAMES);
  }

  private static Optional<WorkloadClass> workloadClass(
      dev.cofferdam.proto.inference.v1.WorkloadClass value) {
    return switch (value) {
      case WORKLOAD_CLASS_UNSPECIFIED -> Optional.empty();
      case UNRECOGNIZED ->
          throw Refusal.ofParameter(
                  ErrorCode.INVALID_REQUEST, "workload_class", "workload_class is unknown")
              .asException();
      default -> Optional.of(TenantRecords.workloadClass(value, WorkloadClass.INTERACTIVE));
    };
  }

  private static Asked.Input conversation(Chat chat) {
    return new Asked.Input.Conversation(
        chat.getMessagesList().stream()
            .map(m -> new ChatMessage(m.getRole(), m.getContent()))
            .toList());
  }

  private static Asked.Tuning tuning(SamplingParameters sampling) {
    return new Asked.Tuning(
        number(sampling.hasTemperature(), sampling.getTemperature()),
        number(sampling.hasTopP(), sampling.getTopP()),
        sampling.hasTopK() ? OptionalLong.of(sampling.getTopK()) : OptionalLong.empty(),
        number(sampling.hasMinP(), sampling.getMinP()),
        new Asked.Penalties(
            number(sampling.hasPresencePenalty(), sampling.getPresencePenalty()),
            number(sampling.hasFrequencyPenalty(), sampling.getFrequencyPenalty()),
            number(sampling.hasRepetitionPenalty(), sampling.getRepetitionPenalty())),
        sampling.hasSeed() ? OptionalLong.of(sampling.getSeed()) : OptionalLong.empty(),
        sampling.hasMaxOutputTokens()
            ? OptionalLong.of(sampling.getMaxOutputTokens())
            : OptionalLong.empty(),
        sampling.getStopList(),
        sampling.hasTopLogprobs() ? OptionalInt.of(sampling.getTopLogprobs()) : OptionalInt.empty(),
        sampling.getIgnoreEnd());
  }

  private static OptionalDouble number(boolean present, float value) {
    return present ? OptionalDouble.of(value) : OptionalDouble.empty();
  }
}
