package dev.cofferdam.worker.serving.grpc;

import dev.cofferdam.proto.worker.v1.TokenLogprob;
import dev.cofferdam.proto.worker.v1.Tokens;
import dev.cofferdam.worker.batching.SampledToken;
import dev.cofferdam.worker.execution.StepResult;
import org.jspecify.annotations.Nullable;

/** Tokens that wait to be sent, in memory that is taken once. Not thread-safe. */
final class TokenBuffer {
  private final int[] ids;
  private @Nullable Scores scores;
  private int count;
  private int firstIndex;

  /** Log-probabilities beside the tokens; taken where they are asked for. */
  private static final class Scores {
    final float[] chosen;
    final int[] alternatives;
    final int[] topIds;
    final float[] top;

    Scores(int tokens) {
      chosen = new float[tokens];
      alternatives = new int[tokens];
      topIds = new int[tokens * StepResult.TOP_LOGPROBS_MAX];
      top = new float[tokens * StepResult.TOP_LOGPROBS_MAX];
    }
  }

  TokenBuffer(int tokensMax) {
    ids = new int[tokensMax];
  }

  int count() {
    return count;
  }

  boolean full() {
    return count == ids.length;
  }

  /** Adds a token; the buffer must not be full. */
  void add(int index, SampledToken token) {
    if (count == 0) {
      firstIndex = index;
    }
    ids[count] = token.id();
    if (token.hasLogprobs()) {
      score(token);
    }
    count++;
  }

  private void score(SampledToken token) {
    Scores into = scores;
    if (into == null) {
      into = new Scores(ids.length);
      scores = into;
    }
    into.chosen[count] = token.logprob();
    into.alternatives[count] = token.alternatives();
    int at = count * StepResult.TOP_LOGPROBS_MAX;
    for (int i = 0; i < token.alternatives(); i++) {
      into.topIds[at + i] = token.alternativeId(i);
      into.top[at + i] = token.alternativeLogprob(i);
    }
  }

  /** All of it as a message; it is empty afterwards. */
  Tokens take() {
    Tokens.Builder message = Tokens.newBuilder().setFirstIndex(firstIndex);
    for (int i = 0; i < count; i++) {
      message.addTokenIds(ids[i]);
      if (scores != null) {
        message.addLogprobs(logprob(scores, i));
      }
    }
    clear();
    return message.build();
  }

  private static TokenLogprob logprob(Scores scores, int token) {
    TokenLogprob.Builder message = TokenLogprob.newBuilder().setLogprob(scores.chosen[token]);
    int at = token * StepResult.TOP_LOGPROBS_MAX;
    for (int i = at; i < at + scores.alternatives[token]; i++) {
      message.addTopTokenIds(scores.topIds[i]).addTopLogprobs(scores.top[i]);
    }
    return message.build();
  }

  void clear() {
    count = 0;
  }
}
