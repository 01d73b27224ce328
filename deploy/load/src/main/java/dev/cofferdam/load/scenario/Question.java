package dev.cofferdam.load.scenario;

import java.util.List;
import java.util.SplittableRandom;

/**
 * The text of a planned request: words in front that its stream shares, and words of its own, the
 * first of which no other request has, so that no cache shortens what is not meant to be shared.
 */
public final class Question {
  private static final List<String> WORDS =
      List.of(
          "parcel",
          "label",
          "return",
          "order",
          "invoice",
          "please",
          "explain",
          "how",
          "when",
          "delivery",
          "address",
          "change",
          "the",
          "a",
          "refund",
          "account",
          "password",
          "reset",
          "shipping",
          "cost",
          "where",
          "is",
          "my",
          "book",
          "late",
          "gift",
          "card",
          "print",
          "step",
          "question",
          "about",
          "and",
          "with",
          "payment",
          "receipt",
          "store",
          "opening",
          "hours");

  private Question() {}

  /** The text. */
  public static String of(Planned planned) {
    StringBuilder text = new StringBuilder();
    Stream stream = planned.stream();
    if (stream.sharedWords() > 0) {
      words(text, stream.sharedWords(), new SplittableRandom(stream.name().hashCode()));
    }
    text.append("Ticket ").append(Long.toUnsignedString(planned.seed(), 36)).append(':');
    words(text, planned.inputWords(), new SplittableRandom(planned.seed()));
    return text.append('?').toString();
  }

  private static void words(StringBuilder text, int count, SplittableRandom random) {
    for (int i = 0; i < count; i++) {
      if (!text.isEmpty()) {
        text.append(' ');
      }
      text.append(WORDS.get(random.nextInt(WORDS.size())));
    }
    text.append(' ');
  }
}
