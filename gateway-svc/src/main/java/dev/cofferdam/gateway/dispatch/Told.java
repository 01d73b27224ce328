package dev.cofferdam.gateway.dispatch;

import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.vocabulary.Refusal;
import java.util.List;
import java.util.Optional;

/**
 * What the client is told. {@link Accepted} comes first, unless the request is refused; {@link
 * Finished} or {@link Failed} comes last, and exactly once unless the client went away.
 */
public sealed interface Told {
  /** The request passed identity and limits. */
  record Accepted(LimitState limits) implements Told {}

  /** It waits for a worker. */
  record Waiting(int position, long expectedWaitMs) implements Told {}

  /** The answer is one that was given before; ahead of its text. */
  record Recalled(ResponseCache.Match match) implements Told {}

  /**
   * More text.
   *
   * @param outputTokens output tokens so far
   * @param scores of the tokens whose text is out since the last one, where they were asked for
   */
  record Text(String text, int outputTokens, List<TokenScores> scores) implements Told {}

  /** The input's embedding; handed over. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Embedding(float[] values) implements Told {}

  /**
   * The end of a request that was served.
   *
   * @param stopText the stop text that was met, where it was one
   */
  record Finished(Reason reason, Usage usage, Optional<String> stopText) implements Told {}

  /** The end of a request that was refused or failed. */
  record Failed(Refusal refusal, Optional<LimitState> limits) implements Told {}

  /** Why output ended. */
  enum Reason {
    /** The model ended it, or a stop text was met. */
    STOP,
    /** Its bound was reached. */
    LENGTH
  }

  /** What a request used, in tokens. */
  record Usage(int promptTokens, int cachedPromptTokens, int outputTokens) {
    /**
     * What several generations used that answer the same request; each input counts once.
     *
     * @param choices generations of each input, which follow each other
     */
    public static Usage sum(List<Usage> usages, int choices) {
      int prompt = 0;
      int cached = 0;
      int output = 0;
      for (int first = 0; first < usages.size(); first += choices) {
        int promptOfInput = 0;
        int cachedOfInput = 0;
        for (Usage one : usages.subList(first, first + choices)) {
          promptOfInput = Math.max(promptOfInput, one.promptTokens());
          cachedOfInput = Math.max(cachedOfInput, one.cachedPromptTokens());
          output += one.outputTokens();
        }
        prompt += promptOfInput;
        cached += cachedOfInput;
      }
      return new Usage(prompt, cached, output);
    }
  }
}
