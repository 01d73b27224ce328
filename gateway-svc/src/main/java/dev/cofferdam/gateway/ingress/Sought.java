package dev.cofferdam.gateway.ingress;

import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.retrieval.Citation;
import dev.cofferdam.gateway.retrieval.DocumentNames;
import dev.cofferdam.gateway.retrieval.Documents;
import dev.cofferdam.gateway.retrieval.Excerpts;
import dev.cofferdam.gateway.retrieval.Question;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantProfile;
import java.util.ArrayList;
import java.util.List;

/**
 * An input with what was found for it.
 *
 * @param input what goes on in place of what was asked
 * @param citations the passages that are part of it
 */
record Sought(Asked.Input input, List<Citation> citations) {
  /** Collections that a request may name. */
  private static final int COLLECTIONS_MAX = 16;

  /** Passages that a request may have. */
  private static final int PASSAGES_MAX = 16;

  private static final int PASSAGES = 4;

  /** Characters of a question; what is longer is looked for by its beginning. */
  private static final int QUERY_CHARS_MAX = 2_000;

  /**
   * Looks for what is asked for; the input as it is where nothing is.
   *
   * @throws RefusedException where that cannot be done
   */
  static Sought in(Documents documents, TenantProfile tenant, Asked asked) {
    if (asked.retrieval().isEmpty()) {
      return new Sought(asked.input(), List.of());
    }
    Asked.Retrieval wanted = asked.retrieval().get();
    check(wanted);
    if (!(asked.input() instanceof Asked.Input.Conversation conversation)) {
      throw Checks.invalid("retrieval", "is for conversations only");
    }
    List<ChatMessage> messages = new ArrayList<>(conversation.messages());
    int last = messages.size() - 1;
    while (last >= 0 && !messages.get(last).role().equals("user")) {
      last--;
    }
    if (last < 0) {
      throw Checks.invalid("retrieval", "needs a message of the user");
    }
    String said = messages.get(last).content();
    String query = wanted.query().isEmpty() ? said : wanted.query();
    Excerpts excerpts =
        Excerpts.of(
            documents.search(
                tenant.id(),
                new Question(
                    beginning(query),
                    wanted.collections(),
                    (int) wanted.passages().orElse(PASSAGES),
                    tenant.documents().language())),
            said);
    messages.set(last, new ChatMessage("user", excerpts.content()));
    return new Sought(new Asked.Input.Conversation(messages), excerpts.citations());
  }

  private static void check(Asked.Retrieval wanted) {
    long passages = wanted.passages().orElse(PASSAGES);
    if (passages < 1 || passages > PASSAGES_MAX) {
      throw Checks.invalid(
          "retrieval.passages", "is out of range (expected: 1 to " + PASSAGES_MAX + ")");
    }
    if (wanted.collections().size() > COLLECTIONS_MAX) {
      throw Checks.invalid(
          "retrieval.collections",
          "has too many entries (expected: at most " + COLLECTIONS_MAX + ")");
    }
    if (!wanted.collections().stream().allMatch(DocumentNames::isValid)) {
      throw Checks.invalid("retrieval.collections", "has an entry that is no collection's name");
    }
    Checks.unicode(wanted.query(), "retrieval.query");
    if (wanted.query().length() > QUERY_CHARS_MAX) {
      throw Checks.invalid(
          "retrieval.query", "is too long (expected: at most " + QUERY_CHARS_MAX + " characters)");
    }
  }

  /** The store takes no zero characters and no half of one. */
  private static String beginning(String text) {
    int end = Math.min(text.length(), QUERY_CHARS_MAX);
    if (end < text.length() && Character.isHighSurrogate(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(0, end).replace('\0', ' ');
  }
}
