package dev.cofferdam.gateway.ingress;

import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What a client asks for, in no protocol's words and not yet checked.
 *
 * @param model model id, empty for the caller's default
 * @param adapter adapter name, empty for the base model
 * @param input what to continue
 * @param tuning how
 * @param workloadClass how urgent, empty for the caller's default
 * @param deadlineEpochMs milliseconds since the epoch after which the client does not wait
 * @param retrieval what to look for in the caller's documents
 * @param names the protocol's names of fields, for refusals
 */
public record Asked(
    String model,
    String adapter,
    Input input,
    Tuning tuning,
    Optional<WorkloadClass> workloadClass,
    OptionalLong deadlineEpochMs,
    Optional<Retrieval> retrieval,
    FieldNames names) {

  /** Texts of one request for embeddings at most. */
  public static final int EMBEDDED_MAX = 128;

  /** Without retrieval. */
  public Asked(
      String model,
      String adapter,
      Input input,
      Tuning tuning,
      Optional<WorkloadClass> workloadClass,
      OptionalLong deadlineEpochMs,
      FieldNames names) {
    this(model, adapter, input, tuning, workloadClass, deadlineEpochMs, Optional.empty(), names);
  }

  /** The same with another input. */
  Asked with(Input another) {
    return new Asked(
        model, adapter, another, tuning, workloadClass, deadlineEpochMs, retrieval, names);
  }

  /** The same with retrieval. */
  public Asked with(Optional<Retrieval> retrieval) {
    return new Asked(
        model, adapter, input, tuning, workloadClass, deadlineEpochMs, retrieval, names);
  }

  /**
   * What to look for.
   *
   * @param collections where; empty: everywhere
   * @param passages passages at most; empty: the default
   * @param query what; empty: the last message of the user
   */
  public record Retrieval(List<String> collections, OptionalLong passages, String query) {
    public Retrieval {
      collections = List.copyOf(collections);
    }
  }

  /** What to continue, or to embed. */
  public sealed interface Input {
    /** Plain text. */
    record Text(String text) implements Input {}

    /** A conversation. */
    record Conversation(List<ChatMessage> messages) implements Input {
      public Conversation {
        messages = List.copyOf(messages);
      }
    }

    /** Plain text as the model's tokens. */
    @SuppressWarnings("ArrayRecordComponent") // never compared; handed over
    record Tokens(int[] ids) implements Input {}

    /** Nothing. */
    record Missing() implements Input {}
  }

  /**
   * How the output is made; what is empty has a default.
   *
   * @param outputTokensMax the largest of all fields that bound the output
   * @param ignoreEnd goes on past the model's end until another bound is met
   */
  public record Tuning(
      OptionalDouble temperature,
      OptionalDouble topP,
      OptionalLong topK,
      OptionalDouble minP,
      Penalties penalties,
      OptionalLong seed,
      OptionalLong outputTokensMax,
      List<String> stops,
      OptionalInt topLogprobs,
      boolean ignoreEnd) {

    public Tuning {
      stops = List.copyOf(stops);
    }

    /** All defaults. */
    public static Tuning defaults() {
      return new Tuning(
          OptionalDouble.empty(),
          OptionalDouble.empty(),
          OptionalLong.empty(),
          OptionalDouble.empty(),
          Penalties.NONE,
          OptionalLong.empty(),
          OptionalLong.empty(),
          List.of(),
          OptionalInt.empty(),
          false);
    }
  }

  /** What makes tokens less likely that were there before. */
  public record Penalties(
      OptionalDouble presence, OptionalDouble frequency, OptionalDouble repetition) {
    /** All defaults. */
    public static final Penalties NONE =
        new Penalties(OptionalDouble.empty(), OptionalDouble.empty(), OptionalDouble.empty());
  }

  /** A protocol's names of the fields that can be to blame. */
  public record FieldNames(
      String model,
      String adapter,
      String text,
      String messages,
      String temperature,
      String topP,
      String topK,
      String minP,
      String presencePenalty,
      String frequencyPenalty,
      String repetitionPenalty,
      String outputTokensMax,
      String stop,
      String topLogprobs) {
    /** Those of a protocol's embeddings, which have no fields but these. */
    public static FieldNames ofEmbedding(String model, String adapter, String text) {
      return new FieldNames(model, adapter, text, text, "", "", "", "", "", "", "", "", "", "");
    }
  }
}
