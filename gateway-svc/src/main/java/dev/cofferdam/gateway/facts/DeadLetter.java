package dev.cofferdam.gateway.facts;

import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.util.List;

/**
 * A request that is not tried again because workers failed or died of it. Without content.
 *
 * @param request the request
 * @param tenant whose
 * @param model model id
 * @param adapter adapter name, empty for the base model
 * @param workerIds the workers
 * @param promptTokens input tokens
 * @param promptHmac keyed digest of the prompt
 */
@SuppressWarnings("ArrayRecordComponent") // written once, never compared
public record DeadLetter(
    RequestId request,
    TenantId tenant,
    String model,
    String adapter,
    List<String> workerIds,
    int promptTokens,
    byte[] promptHmac) {
  public DeadLetter {
    workerIds = List.copyOf(workerIds);
  }
}
