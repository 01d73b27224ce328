package dev.cofferdam.gateway.prompt.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.prompt.ByteAlphabet;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the decoder of tokenizer.json: ByteLevel, or SentencePiece's steps, in which each token has
 * its own bytes whatever stands around it, but for spaces at the beginning of the whole.
 */
final class OutputRule {
  private static final Pattern BYTE = Pattern.compile("<0x([0-9A-Fa-f]{2})>");

  private record Replacement(String from, String to) {}

  private final boolean bytewise;
  private final List<Replacement> replacements = new ArrayList<>();
  private boolean byteFallback;
  private boolean fused;
  private int leadingSpaces;

  /**
   * @param bytewise words are spelled in the byte alphabet
   */
  OutputRule(JsonNode decoder, boolean bytewise) {
    this.bytewise = bytewise;
    List<JsonNode> steps = Steps.of(decoder, "decoders");
    boolean byteLevel = steps.size() == 1 && "ByteLevel".equals(Steps.type(steps.getFirst()));
    if (byteLevel != bytewise) {
      throw Steps.unsupported("a decoder for another spelling than that of words");
    }
    if (!bytewise) {
      steps.forEach(this::add);
    }
    if (!bytewise && !fused) {
      throw Steps.unsupported("a decoder without Fuse");
    }
  }

  private void add(JsonNode step) {
    String type = Steps.type(step);
    switch (type) {
      case "Replace" -> {
        JsonNode from = step.path("pattern").path("String");
        if (fused || byteFallback || from.asText().isEmpty()) {
          throw Steps.unsupported("decoder Replace there");
        }
        replacements.add(new Replacement(from.asText(), step.path("content").asText()));
      }
      case "ByteFallback" -> byteFallback = true;
      case "Fuse" -> fused = true;
      case "Strip" -> {
        if (!fused || !" ".equals(step.path("content").asText()) || step.path("stop").asInt() > 0) {
          throw Steps.unsupported("decoder Strip there");
        }
        leadingSpaces += step.path("start").asInt();
      }
      default -> throw Steps.unsupported("decoder " + type);
    }
    if (fused && "ByteFallback".equals(type)) {
      throw Steps.unsupported("decoder ByteFallback there");
    }
  }

  /** The bytes of a vocabulary entry's text. */
  byte[] bytes(String entry) {
    return bytewise ? ByteAlphabet.bytes(entry) : ofPiece(entry);
  }

  /** The bytes of an added token's text. */
  byte[] bytesOfAdded(String text) {
    return bytewise ? text.getBytes(StandardCharsets.UTF_8) : ofPiece(text);
  }

  private byte[] ofPiece(String piece) {
    String text = piece;
    for (Replacement replacement : replacements) {
      text = text.replace(replacement.from(), replacement.to());
    }
    Matcher matcher = BYTE.matcher(text);
    return byteFallback && matcher.matches()
        ? new byte[] {(byte) Integer.parseInt(matcher.group(1), 16)}
        : text.getBytes(StandardCharsets.UTF_8);
  }

  /** Spaces that are taken off at the beginning of a whole output. */
  int leadingSpaces() {
    return leadingSpaces;
  }
}
