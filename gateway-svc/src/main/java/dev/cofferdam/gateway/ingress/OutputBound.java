package dev.cofferdam.gateway.ingress;

import dev.cofferdam.gateway.tenancy.ModelEntry;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** How long an answer may be: what the context and the tenant's KV memory leave. */
final class OutputBound {
  private OutputBound() {}

  /**
   * The most tokens that an answer may have.
   *
   * @param promptTokens tokens of the input, of which all count towards context and KV memory
   * @throws RefusedException CONTEXT_LENGTH_EXCEEDED or KV_QUOTA_EXCEEDED where it asks for more
   */
  static int tokens(
      Offers offers,
      Operation operation,
      TenantProfile tenant,
      ModelEntry model,
      WorkloadClass workloadClass,
      int promptTokens,
      Asked asked) {
    int context = offers.contextTokensMax(tenant, model, workloadClass);
    long kvTokens = Offers.kvTokensMax(tenant, model);
    long left = Math.min(context, kvTokens) - promptTokens;
    long wanted =
        operation == Operation.EMBED
            ? 0
            : asked.tuning().outputTokensMax().orElse(Math.max(1, left));
    if (wanted > context - promptTokens) {
      throw tooLong(
          ErrorCode.CONTEXT_LENGTH_EXCEEDED,
          "the context holds at most " + context + " tokens",
          Map.of("context_tokens_max", Integer.toString(context)),
          promptTokens,
          wanted,
          asked);
    }
    if (wanted > kvTokens - promptTokens) {
      throw tooLong(
          ErrorCode.KV_QUOTA_EXCEEDED,
          "the tenant's KV memory holds at most " + kvTokens + " tokens of this model",
          Map.of(
              "kv_bytes_max", Long.toString(tenant.limits().kvBytesMax()),
              "kv_bytes_per_token", Long.toString(model.kvBytesPerToken())),
          promptTokens,
          wanted,
          asked);
    }
    return (int) wanted;
  }

  private static RefusedException tooLong(
      ErrorCode code,
      String bound,
      Map<String, String> metadata,
      int promptTokens,
      long outputTokens,
      Asked asked) {
    Map<String, String> all = new HashMap<>(metadata);
    all.put("prompt_tokens", Integer.toString(promptTokens));
    all.put("output_tokens_max", Long.toString(outputTokens));
    return new Refusal(
            code,
            bound
                + "; the request asks for "
                + promptTokens
                + " of input and "
                + outputTokens
                + " of output",
            Optional.of(
                asked.input() instanceof Asked.Input.Text
                    ? asked.names().text()
                    : asked.names().messages()),
            Optional.empty(),
            all)
        .asException();
  }
}
