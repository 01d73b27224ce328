package dev.cofferdam.gateway.transcripts;

import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.vocabulary.RequestId;
import java.util.List;

/**
 * What was asked and answered in one request, with placeholders for personal data.
 *
 * @param id the request
 * @param createdEpochMs milliseconds since the epoch of its end
 * @param expiresEpochMs milliseconds since the epoch from which nobody reads it
 * @param model the model that answered
 * @param adapter the adapter that answered, "" for none
 * @param outcome how the request ended, lower case
 * @param promptTokens input tokens
 * @param outputTokens output tokens
 * @param input messages, or one of the role "" that is a text to be continued
 * @param answer what the model wrote, as far as it came
 */
public record Transcript(
    RequestId id,
    long createdEpochMs,
    long expiresEpochMs,
    String model,
    String adapter,
    String outcome,
    int promptTokens,
    int outputTokens,
    List<ChatMessage> input,
    String answer) {
  public Transcript {
    input = List.copyOf(input);
  }
}
