package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.dispatch.Ending;
import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.vocabulary.ErrorCode;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import java.util.List;
import java.util.Locale;

/**
 * What a request's span says of it, by OpenTelemetry's conventions for generative AI (gen-ai-spans,
 * "inference"): names and counts, and never content.
 */
final class GenAiSpan {
  private static final AttributeKey<String> OPERATION =
      AttributeKey.stringKey("gen_ai.operation.name");
  private static final AttributeKey<String> PROVIDER =
      AttributeKey.stringKey("gen_ai.provider.name");
  private static final AttributeKey<String> MODEL = AttributeKey.stringKey("gen_ai.request.model");
  private static final AttributeKey<Long> MAX_TOKENS =
      AttributeKey.longKey("gen_ai.request.max_tokens");
  private static final AttributeKey<Long> INPUT_TOKENS =
      AttributeKey.longKey("gen_ai.usage.input_tokens");
  private static final AttributeKey<Long> CACHED_TOKENS =
      AttributeKey.longKey("gen_ai.usage.cache_read.input_tokens");
  private static final AttributeKey<Long> OUTPUT_TOKENS =
      AttributeKey.longKey("gen_ai.usage.output_tokens");
  private static final AttributeKey<List<String>> FINISH_REASONS =
      AttributeKey.stringArrayKey("gen_ai.response.finish_reasons");
  private static final AttributeKey<String> ERROR = AttributeKey.stringKey("error.type");

  private GenAiSpan() {}

  /** Writes how a request ended on its span, where that is recorded. */
  static void describe(Span span, Generation generation, Ending ending) {
    if (!span.isRecording()) {
      return;
    }
    span.setAttribute(OPERATION, GenAiMeters.operationName(generation.operation()));
    span.setAttribute(PROVIDER, GenAiMeters.PROVIDER);
    span.setAttribute(MODEL, generation.model().id());
    span.setAttribute(MAX_TOKENS, generation.outputTokensMax());
    span.setAttribute(INPUT_TOKENS, ending.usage().promptTokens());
    span.setAttribute(CACHED_TOKENS, ending.usage().cachedPromptTokens());
    span.setAttribute(OUTPUT_TOKENS, ending.usage().outputTokens());
    span.setAttribute(FINISH_REASONS, List.of(ending.outcome().name().toLowerCase(Locale.ROOT)));
    ending.code().map(ErrorCode::wireName).ifPresent(code -> span.setAttribute(ERROR, code));
  }
}
