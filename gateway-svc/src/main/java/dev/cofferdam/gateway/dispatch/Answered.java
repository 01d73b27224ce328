package dev.cofferdam.gateway.dispatch;

import java.util.List;

/**
 * What a generation gave, whole.
 *
 * @param text its text; empty for an embedding
 * @param scores of its tokens, where they were asked for
 * @param embedding the embedding; empty for a text
 * @param end how it ended
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Answered(
    String text, List<TokenScores> scores, float[] embedding, Told.Finished end) {
  public Answered {
    scores = List.copyOf(scores);
  }
}
