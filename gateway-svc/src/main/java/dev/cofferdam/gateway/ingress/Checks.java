package dev.cofferdam.gateway.ingress;

import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** Bounds of every field that a client can set. Refusals name the field, never its text. */
public final class Checks {
  static final int MESSAGES_MAX = 4_096;
  static final int STOPS_MAX = 4;
  static final int STOP_BYTES_MAX = 512;
  static final int TOP_LOGPROBS_MAX = 20;
  static final double TEMPERATURE_MAX = 2;
  static final double PENALTY_MAX = 2;
  static final double REPETITION_MIN = 0.01;
  static final double REPETITION_MAX = 10;

  private static final Set<String> ROLES = Set.of("system", "user", "assistant");

  private Checks() {}

  static void input(Asked.Input input, Asked.FieldNames names) {
    switch (input) {
      case Asked.Input.Text text -> {
        if (text.text().isEmpty()) {
          throw invalid(names.text(), "is empty");
        }
        unicode(text.text(), names.text());
      }
      case Asked.Input.Conversation conversation -> conversation(conversation, names.messages());
      case Asked.Input.Tokens tokens -> {
        if (tokens.ids().length == 0) {
          throw invalid(names.text(), "is empty");
        }
      }
      case Asked.Input.Missing unused -> throw invalid(names.messages(), "is missing");
    }
  }

  private static void conversation(Asked.Input.Conversation conversation, String field) {
    int count = conversation.messages().size();
    if (count == 0) {
      throw invalid(field, "is empty");
    }
    if (count > MESSAGES_MAX) {
      throw invalid(field, "has " + count + " entries (expected: at most " + MESSAGES_MAX + ")");
    }
    boolean blank = true;
    for (int i = 0; i < count; i++) {
      ChatMessage message = conversation.messages().get(i);
      if (!ROLES.contains(message.role())) {
        throw invalid(
            field + "[" + i + "].role", "is unknown (expected: system, user or assistant)");
      }
      unicode(message.content(), field + "[" + i + "].content");
      blank &= message.content().isBlank();
    }
    if (blank) {
      throw invalid(field, "has no text");
    }
  }

  static void tuning(Asked.Tuning tuning, Asked.FieldNames names) {
    double temperature = tuning.temperature().orElse(1);
    if (!(temperature >= 0 && temperature <= TEMPERATURE_MAX)) {
      throw invalid(names.temperature(), "is out of range (expected: 0 to 2)");
    }
    double topP = tuning.topP().orElse(1);
    if (!(topP > 0 && topP <= 1)) {
      throw invalid(names.topP(), "is out of range (expected: above 0, at most 1)");
    }
    long topK = tuning.topK().orElse(0);
    if (topK < 0 || topK > Integer.MAX_VALUE) {
      throw invalid(names.topK(), "is out of range (expected: 0 or more)");
    }
    double minP = tuning.minP().orElse(0);
    if (!(minP >= 0 && minP <= 1)) {
      throw invalid(names.minP(), "is out of range (expected: 0 to 1)");
    }
    penalties(tuning.penalties(), names);
    if (tuning.outputTokensMax().isPresent() && tuning.outputTokensMax().getAsLong() < 1) {
      throw invalid(names.outputTokensMax(), "is out of range (expected: 1 or more)");
    }
    int topLogprobs = tuning.topLogprobs().orElse(0);
    if (topLogprobs < 0 || topLogprobs > TOP_LOGPROBS_MAX) {
      throw invalid(
          names.topLogprobs(), "is out of range (expected: 0 to " + TOP_LOGPROBS_MAX + ")");
    }
    stops(tuning, names.stop());
  }

  private static void penalties(Asked.Penalties penalties, Asked.FieldNames names) {
    if (!(Math.abs(penalties.presence().orElse(0)) <= PENALTY_MAX)) {
      throw invalid(names.presencePenalty(), "is out of range (expected: -2 to 2)");
    }
    if (!(Math.abs(penalties.frequency().orElse(0)) <= PENALTY_MAX)) {
      throw invalid(names.frequencyPenalty(), "is out of range (expected: -2 to 2)");
    }
    double repetition = penalties.repetition().orElse(1);
    if (!(repetition >= REPETITION_MIN && repetition <= REPETITION_MAX)) {
      throw invalid(names.repetitionPenalty(), "is out of range (expected: 0.01 to 10)");
    }
  }

  private static void stops(Asked.Tuning tuning, String field) {
    if (tuning.stops().size() > STOPS_MAX) {
      throw invalid(field, "has too many entries (expected: at most " + STOPS_MAX + ")");
    }
    for (String stop : tuning.stops()) {
      unicode(stop, field);
      int bytes = stop.getBytes(StandardCharsets.UTF_8).length;
      if (bytes == 0 || bytes > STOP_BYTES_MAX) {
        throw invalid(
            field, "has an entry of " + bytes + " bytes (expected: 1 to " + STOP_BYTES_MAX + ")");
      }
    }
  }

  /**
   * Refuses half a surrogate pair: it has no UTF-8, so nothing could be made of it.
   *
   * @throws RefusedException naming the field
   */
  public static void unicode(String text, String field) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        throw invalid(field, "is not valid Unicode");
      }
    }
  }

  static RefusedException invalid(String field, String problem) {
    return Refusal.ofParameter(ErrorCode.INVALID_REQUEST, field, field + " " + problem)
        .asException();
  }
}
