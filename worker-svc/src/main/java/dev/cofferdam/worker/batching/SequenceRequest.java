package dev.cofferdam.worker.batching;

import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.PrefixDigests;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.kvcache.PublicPrefix;
import java.util.Optional;

/**
 * A sequence to run. The arrays are handed over.
 *
 * @param id which attempt of which request
 * @param operation what is to be done
 * @param tenant owner of its KV blocks
 * @param weight share of the tenant, above 0
 * @param startTag virtual start tag of the request, in weighted tokens
 * @param tokenIds input tokens, then the output tokens that the client has already
 * @param promptTokens how many of them are input
 * @param outputTokensMax bound of the output tokens of the whole request
 * @param sampling how tokens are chosen
 * @param stopTokenIds the output ends after any of these
 * @param kvBytesMax largest number of KV bytes of the tenant on this worker; 0: no bound
 * @param kvEncrypted whether its KV blocks are kept encrypted
 * @param adapter what is added to the base model
 * @param prefix the tenant's digests; empty: no prefix cache. An embedding has none, because it
 *     needs the hidden states that a cache does not keep
 * @param publicPrefix the public beginning of its input; of no effect with an adapter; none for an
 *     embedding
 */
@SuppressWarnings("ArrayRecordComponent") // never compared; handed over to the sequence
public record SequenceRequest(
    SequenceId id,
    Operation operation,
    TenantId tenant,
    double weight,
    double startTag,
    int[] tokenIds,
    int promptTokens,
    int outputTokensMax,
    Sampling sampling,
    int[] stopTokenIds,
    long kvBytesMax,
    boolean kvEncrypted,
    Optional<LoraAdapter> adapter,
    Optional<PrefixDigests> prefix,
    Optional<PublicPrefix> publicPrefix) {

  /**
   * @throws IllegalArgumentException naming the value that does not hold
   */
  public SequenceRequest {
    require(promptTokens >= 1, "promptTokens", promptTokens, "at least 1");
    require(tokenIds.length >= promptTokens, "tokenIds", tokenIds.length, "at least promptTokens");
    boolean embeds = operation == Operation.EMBED;
    if (embeds && (prefix.isPresent() || publicPrefix.isPresent())) {
      throw new IllegalArgumentException("prefix: an embedding has none");
    }
    require(
        embeds || outputTokensMax > tokenIds.length - promptTokens,
        "outputTokensMax",
        outputTokensMax,
        "more than what the client has already");
    require(
        !embeds || (outputTokensMax == 0 && tokenIds.length == promptTokens),
        "outputTokensMax",
        outputTokensMax,
        "0 for an embedding, and input only");
    if (tenant.equals(TenantId.PUBLIC)) {
      throw new IllegalArgumentException("tenant: nobody runs as " + tenant);
    }
    if (publicPrefix.isPresent() && !publicPrefix.get().begins(tokenIds, promptTokens)) {
      throw new IllegalArgumentException("publicPrefix: the input does not begin with it");
    }
    if (!(weight > 0)) {
      throw new IllegalArgumentException("weight: " + weight + " (expected: above 0)");
    }
  }

  private static void require(boolean holds, String name, int value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: " + expected + ")");
    }
  }
}
