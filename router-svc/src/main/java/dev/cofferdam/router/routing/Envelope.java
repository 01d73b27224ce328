package dev.cofferdam.router.routing;

import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.List;
import java.util.Set;

/**
 * What the router knows of a request: ids, counts, digests; never content.
 *
 * @param requestId the request
 * @param attempt 1 for the first placement
 * @param operation what the worker is to do
 * @param tenant the authenticated tenant
 * @param model model id
 * @param adapter adapter name, empty for the base model
 * @param workloadClass class of the work
 * @param promptTokens input tokens
 * @param generatedTokens output tokens that the client has already
 * @param outputTokensMax bound of the output tokens of the whole request
 * @param prefixDigests tenant-keyed digests of the input's full blocks, first block first
 * @param adapterVersion version of the adapter that the digests are of; empty: the current one
 * @param deadlineMs milliseconds since the epoch after which no grant is wanted
 * @param excludedWorkers workers that just failed this request
 */
public record Envelope(
    RequestId requestId,
    int attempt,
    Operation operation,
    TenantId tenant,
    String model,
    String adapter,
    WorkloadClass workloadClass,
    int promptTokens,
    int generatedTokens,
    int outputTokensMax,
    List<byte[]> prefixDigests,
    String adapterVersion,
    long deadlineMs,
    Set<String> excludedWorkers) {

  public Envelope {
    prefixDigests = List.copyOf(prefixDigests);
    excludedWorkers = Set.copyOf(excludedWorkers);
  }

  /** The same request, with every worker allowed. */
  public Envelope withoutExclusions() {
    return new Envelope(
        requestId,
        attempt,
        operation,
        tenant,
        model,
        adapter,
        workloadClass,
        promptTokens,
        generatedTokens,
        outputTokensMax,
        prefixDigests,
        adapterVersion,
        deadlineMs,
        Set.of());
  }

  /** Input and output tokens together. */
  public int contextTokens() {
    return promptTokens + outputTokensMax;
  }
}
