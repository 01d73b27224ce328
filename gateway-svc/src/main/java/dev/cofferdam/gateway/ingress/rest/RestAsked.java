package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.gateway.ingress.Asked;
import java.util.Optional;
import java.util.OptionalLong;

/** Bodies of the REST APIs as what clients ask for. */
public final class RestAsked {
  private RestAsked() {}

  /** The APIs' names of fields; all others are named alike by all of them. */
  public static Asked.FieldNames names(String input, String outputTokensMax, String stop) {
    return new Asked.FieldNames(
        "model",
        "model",
        input,
        input,
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "presence_penalty",
        "frequency_penalty",
        "repetition_penalty",
        outputTokensMax,
        stop,
        "top_logprobs");
  }

  /** What is asked of a model; the APIs know neither classes nor deadlines. */
  public static Asked of(
      ModelName model, Asked.Input input, Asked.Tuning tuning, Asked.FieldNames names) {
    return new Asked(
        model.model(),
        model.adapter(),
        input,
        tuning,
        Optional.empty(),
        OptionalLong.empty(),
        names);
  }
}
