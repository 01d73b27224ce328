package dev.cofferdam.gateway.ingress.rest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import java.util.Map;

/** How an API words what all of them have to say. */
public interface Dialect {
  /** The header that names a request, beside {@code x-request-id}. */
  String requestIdHeader();

  /** A refusal as a body, or as the data of an event. */
  JsonNode error(RequestId id, Refusal refusal);

  /** Headers that say what the limiter left. */
  Map<String, String> limits(LimitState state);
}
