package dev.cofferdam.gateway.dispatch;

import dev.cofferdam.gateway.identity.Identity;
import dev.cofferdam.gateway.privacy.Masking;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.prompt.PromptFormat;
import dev.cofferdam.gateway.retrieval.Citation;
import dev.cofferdam.gateway.tenancy.AdapterEntry;
import dev.cofferdam.gateway.tenancy.ModelEntry;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.List;
import java.util.Optional;

/**
 * A request that was authenticated, validated and tokenised.
 *
 * @param operation what the worker is to do; an embedding has no output, and what concerns output
 *     is of no effect on it
 * @param id the request
 * @param identity who asks
 * @param sourceIp the peer's address
 * @param model the model that answers
 * @param adapter the adapter that answers
 * @param format how its tokens become text
 * @param promptTokens input tokens; not to be changed
 * @param promptHmac keyed hash of the input
 * @param citations passages of the caller's documents that are part of the input
 * @param keptInput the input with placeholders, where the tenant wants it kept; else empty
 * @param masking the input's personal data, which the caller alone gets back
 * @param sampling how tokens are chosen
 * @param outputTokensMax bound of the output
 * @param stops texts that end the output
 * @param workloadClass how urgent it is
 * @param deadlineEpochMs milliseconds since the epoch after which nobody waits any more
 * @param likeness what makes another input similar, where an answer to such a one will do
 */
public record Generation(
    Operation operation,
    RequestId id,
    Identity identity,
    String sourceIp,
    ModelEntry model,
    Optional<AdapterEntry> adapter,
    PromptFormat format,
    int[] promptTokens,
    byte[] promptHmac,
    List<Citation> citations,
    List<ChatMessage> keptInput,
    Masking masking,
    Sampling sampling,
    int outputTokensMax,
    List<String> stops,
    WorkloadClass workloadClass,
    long deadlineEpochMs,
    Optional<Likeness> likeness) {

  public Generation {
    citations = List.copyOf(citations);
    keptInput = List.copyOf(keptInput);
    stops = List.copyOf(stops);
  }

  /** The same request under another id and with another seed. */
  public Generation another(RequestId another, long seed) {
    return new Generation(
        operation,
        another,
        identity,
        sourceIp,
        model,
        adapter,
        format,
        promptTokens,
        promptHmac,
        citations,
        keptInput,
        masking,
        sampling.withSeed(seed),
        outputTokensMax,
        stops,
        workloadClass,
        deadlineEpochMs,
        likeness);
  }

  /** A request for the embedding of its question, which belongs to this request. */
  public Generation ofQuestion(RequestId another, Likeness likeness) {
    return new Generation(
        Operation.EMBED,
        another,
        identity,
        sourceIp,
        model,
        adapter,
        format,
        likeness.question(),
        promptHmac,
        List.of(),
        List.of(),
        masking,
        sampling,
        0,
        List.of(),
        workloadClass,
        deadlineEpochMs,
        Optional.empty());
  }

  /** Input tokens that it may use, with those of its question's embedding. */
  public int inputTokensMax() {
    return promptTokens.length + questionTokens();
  }

  /** Tokens of its question, where that is to be embedded. */
  int questionTokens() {
    return recallable() ? likeness.map(l -> l.question().length).orElse(0) : 0;
  }

  /**
   * Whether an answer that was given before may be given again: the tenant wants that, and the
   * model would say the same.
   */
  public boolean recallable() {
    return operation == Operation.GENERATE
        && identity.tenant().responseCacheSeconds() > 0
        && sampling.temperature() == 0
        && sampling.topLogprobs() < 0
        && !model.digest().isEmpty();
  }

  /** Whether the tenant wants input and answer kept. */
  public boolean kept() {
    return !keptInput.isEmpty();
  }

  /** Whether a worker's bill waits for what the gateway says of the output. */
  public boolean settles() {
    return !stops.isEmpty();
  }
}
