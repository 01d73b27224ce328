package dev.cofferdam.worker.generation;

/**
 * Picks tokens from logits. The same logits, settings, seed and index give the same token on every
 * machine: sums run in a fixed order in double precision, equal logits are ordered by token id, and
 * the random number is a function of seed and index. Order of the filters: temperature, top-k,
 * top-p, min-p, as the common frameworks apply them.
 *
 * <p>Holds scratch memory; one thread at a time. Allocates nothing after construction.
 */
public final class Sampler {
  private final int vocabularySize;
  private final int[] heap;
  private final double[] mass;

  /** For logits of so many token ids. */
  public Sampler(int vocabularySize) {
    this.vocabularySize = vocabularySize;
    this.heap = new int[vocabularySize];
    this.mass = new double[vocabularySize];
  }

  /** Whether all logits are finite. */
  public boolean finite(float[] logits, int offset) {
    int bad = 0;
    for (int i = 0; i < vocabularySize; i++) {
      bad |= (Float.floatToRawIntBits(logits[offset + i]) & 0x7F800000) == 0x7F800000 ? 1 : 0;
    }
    return bad == 0;
  }

  /**
   * Samples a token.
   *
   * @param logits finite logits, the first at {@code offset}
   * @param temperature divisor of the logits; 0 picks the most likely token
   * @param topK number of most likely tokens to keep; 0 keeps all
   * @param topP keeps the fewest most likely tokens whose probabilities add up to at least this; in
   *     (0, 1]
   * @param minP drops tokens less likely than this times the most likely one; 0 keeps all
   * @param seed stream of random numbers
   * @param outputIndex index in that stream
   * @return the token's id
   */
  public int sample(
      float[] logits,
      int offset,
      float temperature,
      int topK,
      float topP,
      float minP,
      long seed,
      int outputIndex) {
    int best = best(logits, offset);
    if (!(temperature > 0)) {
      return best;
    }
    double uniform = Philox.uniform(seed, outputIndex);
    double maximum = logits[offset + best];
    if ((topK <= 0 || topK >= vocabularySize) && topP >= 1) {
      return amongAll(logits, offset, temperature, maximum, minP, uniform);
    }
    return amongMostLikely(logits, offset, temperature, maximum, topK, topP, minP, uniform);
  }

  private int best(float[] logits, int offset) {
    int best = 0;
    for (int i = 1; i < vocabularySize; i++) {
      if (logits[offset + i] > logits[offset + best]) {
        best = i;
      }
    }
    return best;
  }

  private int amongAll(
      float[] logits, int offset, double temperature, double maximum, double minP, double uniform) {
    double total = 0;
    for (int i = 0; i < vocabularySize; i++) {
      double probability = Exponential.ofNonPositive((logits[offset + i] - maximum) / temperature);
      mass[i] = probability < minP ? 0 : probability;
      total += mass[i];
    }
    double target = uniform * total;
    double cumulative = 0;
    int last = 0;
    for (int i = 0; i < vocabularySize; i++) {
      if (mass[i] > 0) {
        cumulative += mass[i];
        last = i;
        if (cumulative > target) {
          return i;
        }
      }
    }
    return last;
  }

  private int amongMostLikely(
      float[] logits,
      int offset,
      double temperature,
      double maximum,
      int topK,
      double topP,
      double minP,
      double uniform) {
    int limit = topK <= 0 ? vocabularySize : Math.min(topK, vocabularySize);
    buildHeap(logits, offset);
    double total = 0;
    if (limit == vocabularySize) {
      for (int i = 0; i < vocabularySize; i++) {
        total += Exponential.ofNonPositive((logits[offset + i] - maximum) / temperature);
      }
    }
    // The heap gives tokens from the most likely on; those taken out are kept behind its end.
    int taken = 0;
    double kept = 0;
    boolean knowsTotal = limit == vocabularySize;
    while (taken < limit && !(knowsTotal && taken > 0 && kept >= topP * total)) {
      int token = popTo(vocabularySize - taken, logits, offset);
      mass[taken] = Exponential.ofNonPositive((logits[offset + token] - maximum) / temperature);
      kept += mass[taken];
      taken++;
    }
    if (!knowsTotal && topP < 1) {
      double wanted = topP * kept;
      kept = mass[0];
      int nucleus = 1;
      while (nucleus < taken && kept < wanted) {
        kept += mass[nucleus++];
      }
      taken = nucleus;
    }
    if (mass[taken - 1] < minP) {
      kept = mass[0];
      int likely = 1;
      while (likely < taken && mass[likely] >= minP) {
        kept += mass[likely++];
      }
      taken = likely;
    }
    return draw(taken, uniform * kept);
  }

  private int draw(int taken, double target) {
    double cumulative = 0;
    for (int i = 0; i < taken; i++) {
      cumulative += mass[i];
      if (cumulative > target) {
        return heap[vocabularySize - 1 - i];
      }
    }
    return heap[vocabularySize - 1];
  }

  /**
   * Log-probability of a token, before temperature, and the most likely alternatives.
   *
   * @param alternatives number of alternatives, at most the vocabulary's size
   * @param topTokenIds receives their ids, most likely first, from {@code topOffset} on
   * @param topLogprobs receives their log-probabilities, from {@code topOffset} on
   * @return natural logarithm of the token's probability
   */
  public float logprobs(
      float[] logits,
      int offset,
      int token,
      int alternatives,
      int[] topTokenIds,
      float[] topLogprobs,
      int topOffset) {
    double maximum = logits[offset + best(logits, offset)];
    double total = 0;
    for (int i = 0; i < vocabularySize; i++) {
      total += Exponential.ofNonPositive(logits[offset + i] - maximum);
    }
    double normaliser = maximum + StrictMath.log(total);
    mostLikely(logits, offset, Math.min(alternatives, vocabularySize), topTokenIds, topOffset);
    for (int i = 0; i < Math.min(alternatives, vocabularySize); i++) {
      topLogprobs[topOffset + i] =
          (float) (logits[offset + topTokenIds[topOffset + i]] - normaliser);
    }
    return (float) (logits[offset + token] - normaliser);
  }

  /** Insertion into a short sorted list; most tokens fail the first comparison. */
  private void mostLikely(float[] logits, int offset, int count, int[] ids, int at) {
    int filled = 0;
    for (int token = 0; token < vocabularySize && count > 0; token++) {
      if (filled == count && !(logits[offset + token] > logits[offset + ids[at + count - 1]])) {
        continue;
      }
      int slot = filled < count ? filled++ : count - 1;
      while (slot > 0 && logits[offset + token] > logits[offset + ids[at + slot - 1]]) {
        ids[at + slot] = ids[at + slot - 1];
        slot--;
      }
      ids[at + slot] = token;
    }
  }

  private void buildHeap(float[] logits, int offset) {
    for (int i = 0; i < vocabularySize; i++) {
      heap[i] = i;
    }
    for (int i = vocabularySize / 2 - 1; i >= 0; i--) {
      sink(i, vocabularySize, logits, offset);
    }
  }

  /**
   * Moves the most likely token of the heap of {@code size} tokens behind its end, and returns it.
   */
  private int popTo(int size, float[] logits, int offset) {
    int token = heap[0];
    heap[0] = heap[size - 1];
    heap[size - 1] = token;
    sink(0, size - 1, logits, offset);
    return token;
  }

  private void sink(int at, int size, float[] logits, int offset) {
    int token = heap[at];
    for (int child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && before(heap[child + 1], heap[child], logits, offset)) {
        child++;
      }
      if (!before(heap[child], token, logits, offset)) {
        break;
      }
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = token;
  }

  private static boolean before(int a, int b, float[] logits, int offset) {
    float x = logits[offset + a];
    float y = logits[offset + b];
    return x > y || (x == y && a < b);
  }
}
