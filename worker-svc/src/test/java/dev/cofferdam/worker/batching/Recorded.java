package dev.cofferdam.worker.batching;

import java.util.ArrayList;
import java.util.List;

/** A listener that remembers what it was told, and fails when it is told what must not be. */
final class Recorded implements SequenceListener {
  final List<Integer> tokens = new ArrayList<>();
  final List<Integer> indexes = new ArrayList<>();
  float[] embedding;
  int starts;
  int cached = -1;
  boolean ready = true;
  EndCause cause;
  SequenceUsage usage;

  @Override
  public boolean ready() {
    return ready;
  }

  @Override
  public void started(int cachedPromptTokens) {
    starts++;
    cached = cachedPromptTokens;
  }

  @Override
  public void token(int index, SampledToken token) {
    if (cause != null || starts != 1) {
      throw new AssertionError("a token before the start or after the end");
    }
    indexes.add(index);
    tokens.add(token.id());
  }

  @Override
  public void embedding(float[] values) {
    if (cause != null || starts != 1 || embedding != null) {
      throw new AssertionError("an embedding before the start, after the end, or twice");
    }
    embedding = values;
  }

  @Override
  public void ended(EndCause why, SequenceUsage used) {
    if (cause != null) {
      throw new AssertionError("a sequence ended twice");
    }
    cause = why;
    usage = used;
  }
}
