package dev.cofferdam.gateway.dispatch;

import java.util.List;

/**
 * An input whose answer may be that of a similar one.
 *
 * @param question tokens of the part that may be worded differently; not to be changed
 * @param rest everything else of the input, and what must be the same in the question however it is
 *     worded
 * @param similarityMin least cosine of two questions' embeddings
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Likeness(int[] question, List<String> rest, double similarityMin) {
  public Likeness {
    rest = List.copyOf(rest);
  }
}
