package dev.cofferdam.gateway.ingress;

import dev.cofferdam.gateway.dispatch.Likeness;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.prompt.PromptFormat;
import dev.cofferdam.vocabulary.TenantProfile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Questions that may be answered as a similar one was: the first one of a conversation, with
 * nothing but system messages before it. What an assistant said before would be most of a later
 * one's meaning.
 */
final class Questions {
  /**
   * Numbers, placeholders for personal data, and names, taken for words within a sentence that
   * begin with a capital letter: embeddings hardly tell them apart.
   */
  private static final Pattern SAME =
      Pattern.compile("\\[[A-Z_]+_[0-9]+]|\\p{Nd}+|(?<=[^.!?]\\s)\\p{Lu}[\\p{L}\\p{Nd}]*");

  private Questions() {}

  /**
   * What makes another input similar, where the tenant wants such answers.
   *
   * @param input with placeholders for personal data
   */
  static Optional<Likeness> likeness(TenantProfile tenant, Asked.Input input, PromptFormat format) {
    if (tenant.similarityMin().isEmpty()
        || !(input instanceof Asked.Input.Conversation conversation)) {
      return Optional.empty();
    }
    List<ChatMessage> before = new ArrayList<>(conversation.messages());
    ChatMessage last = before.removeLast();
    if (!last.role().equals("user") || before.stream().anyMatch(m -> !m.role().equals("system"))) {
      return Optional.empty();
    }
    List<String> rest = new ArrayList<>();
    SAME.matcher(last.content()).results().map(MatchResult::group).forEach(rest::add);
    rest.add("");
    before.forEach(message -> rest.add(message.content()));
    return Optional.of(
        new Likeness(format.ofText(last.content()), rest, tenant.similarityMin().getAsDouble()));
  }
}
