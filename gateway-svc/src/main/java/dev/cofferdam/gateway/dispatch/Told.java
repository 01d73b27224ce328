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

  /**
   * More text.
   *
   * @param outputTokens output tokens so far
   * @param scores of the tokens whose text is out since the last one, where they were asked for
   */
  record Text(String text, int outputTokens, List<TokenScores> scores) implements Told {}

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
  record Usage(int promptTokens, int cachedPromptTokens, int outputTokens) {}
}
