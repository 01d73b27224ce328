package dev.cofferdam.gateway.dispatch;

import java.util.List;

/**
 * Log-probabilities of one output token.
 *
 * @param token the chosen token
 * @param logprob its natural log-probability, before temperature
 * @param top the most likely tokens, most likely first
 */
public record TokenScores(int token, float logprob, List<Alternative> top) {

  public TokenScores {
    top = List.copyOf(top);
  }

  /** A likely token and its log-probability. */
  public record Alternative(int token, float logprob) {}
}
