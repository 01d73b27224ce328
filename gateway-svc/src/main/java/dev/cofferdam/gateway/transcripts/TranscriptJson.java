package dev.cofferdam.gateway.transcripts;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.prompt.ChatMessage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** The sealed part of a transcript as JSON. */
public final class TranscriptJson {
  private static final JsonMapper JSON = new JsonMapper();

  private TranscriptJson() {}

  /** What of a transcript is sealed. */
  public static byte[] write(Transcript transcript) {
    ObjectNode node =
        JSON.createObjectNode()
            .put("model", transcript.model())
            .put("adapter", transcript.adapter())
            .put("outcome", transcript.outcome())
            .put("prompt_tokens", transcript.promptTokens())
            .put("output_tokens", transcript.outputTokens())
            .put("answer", transcript.answer());
    ArrayNode input = node.putArray("input");
    for (ChatMessage message : transcript.input()) {
      input.addObject().put("role", message.role()).put("content", message.content());
    }
    try {
      return JSON.writeValueAsBytes(node);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The transcript of an entry. */
  public static Transcript read(TranscriptEntry entry, byte[] json) {
    try {
      JsonNode node = JSON.readTree(json);
      List<ChatMessage> input = new ArrayList<>();
      for (JsonNode message : node.path("input")) {
        input.add(new ChatMessage(message.path("role").asText(), message.path("content").asText()));
      }
      return new Transcript(
          entry.id(),
          entry.createdEpochMs(),
          entry.expiresEpochMs(),
          node.path("model").asText(),
          node.path("adapter").asText(),
          node.path("outcome").asText(),
          node.path("prompt_tokens").asInt(),
          node.path("output_tokens").asInt(),
          input,
          node.path("answer").asText());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
