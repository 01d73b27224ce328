package dev.cofferdam.gateway.prompt;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import java.util.List;
import java.util.Optional;

/**
 * How one model's prompts become tokens and its tokens become text. Immutable and thread-safe.
 *
 * @param tokenizer the model's tokenizer
 * @param template its chat template; empty for a model that only continues text
 * @param stopTokenIds tokens that end its output
 * @param leadingSpaces spaces at the beginning of an output that are no part of it, because the
 *     tokenizer puts them before every text
 */
public record PromptFormat(
    Tokenizer tokenizer,
    Optional<ChatTemplate> template,
    List<Integer> stopTokenIds,
    int leadingSpaces) {

  public PromptFormat {
    stopTokenIds = List.copyOf(stopTokenIds);
  }

  /** The same without tokens that end the output. */
  public PromptFormat endless() {
    return new PromptFormat(tokenizer, template, List.of(), leadingSpaces);
  }

  /** The same for output that continues a text, so that a space at its beginning is one. */
  public PromptFormat continuing() {
    return new PromptFormat(tokenizer, template, stopTokenIds, 0);
  }

  /** Tokens of a text that is continued as it is. */
  public int[] ofText(String text) {
    return tokenizer.encodePlain(text);
  }

  /**
   * Tokens of a conversation.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException where the model has no template, or the
   *     template raises
   */
  public int[] ofChat(List<ChatMessage> messages) {
    ChatTemplate chat =
        template.orElseThrow(
            () ->
                Refusal.ofParameter(
                        ErrorCode.INVALID_REQUEST, "messages", "this model has no chat template")
                    .asException());
    return tokenizer.encodeRendered(chat.render(messages));
  }

  /** A fresh way from tokens to text that ends at any of the given texts. */
  public OutputText output(List<String> stops) {
    return new OutputText(tokenizer, stops, leadingSpaces);
  }
}
