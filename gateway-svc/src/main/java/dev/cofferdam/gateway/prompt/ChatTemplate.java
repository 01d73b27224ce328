package dev.cofferdam.gateway.prompt;

import java.util.List;

/** A model's way to write a conversation as one text. */
public interface ChatTemplate {
  /**
   * The conversation as text that ends where the assistant's answer begins. What clients wrote is
   * marked in it.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException INVALID_REQUEST where the template raises
   */
  MarkedText render(List<ChatMessage> messages);
}
