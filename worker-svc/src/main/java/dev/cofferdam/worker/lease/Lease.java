package dev.cofferdam.worker.lease;

import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.WorkloadClass;
import dev.cofferdam.worker.batching.SequenceId;

/**
 * What a grant lets a worker do: run one attempt of one request, once.
 *
 * @param operation what the worker may do
 * @param request the request
 * @param attempt 1 for the first placement
 * @param tenant the tenant
 * @param tier name of the tier, for spans and metrics
 * @param workerId the only worker that may honour it
 * @param model model id
 * @param adapter adapter name, empty for the base model
 * @param adapterVersion digest of the adapter, empty for the base model
 * @param promptTokens input tokens of the request
 * @param generatedTokens output tokens that the client had when it was placed
 * @param outputTokensMax bound of the output tokens of the whole request
 * @param kvBlocks KV blocks leased
 * @param kvBytesMax largest number of KV bytes of the tenant on this worker; 0: no bound
 * @param kvEncrypted whether its KV blocks must be kept encrypted
 * @param startTag virtual start tag, in weighted tokens
 * @param weight share of the tenant
 * @param workloadClass class of the work
 * @param expiresEpochMs milliseconds since the epoch after which it is void
 * @param term fencing term of the scheduler that issued it
 * @param queueWaitMs milliseconds that the request waited in the queue
 */
public record Lease(
    Operation operation,
    RequestId request,
    int attempt,
    TenantId tenant,
    String tier,
    String workerId,
    String model,
    String adapter,
    String adapterVersion,
    int promptTokens,
    int generatedTokens,
    int outputTokensMax,
    int kvBlocks,
    long kvBytesMax,
    boolean kvEncrypted,
    double startTag,
    double weight,
    WorkloadClass workloadClass,
    long expiresEpochMs,
    long term,
    long queueWaitMs) {

  /** The attempt that it is for. */
  public SequenceId id() {
    return new SequenceId(request, attempt);
  }
}
