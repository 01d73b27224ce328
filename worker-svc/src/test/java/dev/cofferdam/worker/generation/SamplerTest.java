package dev.cofferdam.worker.generation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SamplerTest {
  private static final int VOCABULARY = 50;
  private final Sampler sampler = new Sampler(VOCABULARY);

  private static float[] logits(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] logits = new float[VOCABULARY + 3];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = (float) (2 * random.nextGaussian());
    }
    return logits;
  }

  @Test
  void greedyTakesTheLowestIdAmongEquals() {
    float[] logits = new float[VOCABULARY];
    logits[7] = 3;
    logits[4] = 3;
    assertThat(sampler.sample(logits, 0, 0, 0, 1, 0, 1, 0)).isEqualTo(4);
    assertThat(sampler.sample(logits, 0, 1e-30f, 0, 1, 0, 1, 0)).isIn(4, 7);
  }

  @Test
  void sameSeedAndIndexGiveTheSameTokenAndOthersGiveOthers() {
    float[] logits = logits(1);
    int[] first =
        IntStream.range(0, 200).map(i -> sampler.sample(logits, 0, 1, 0, 1, 0, 99, i)).toArray();
    Sampler other = new Sampler(VOCABULARY);
    int[] again = new int[200];
    for (int i = 199; i >= 0; i--) {
      again[i] = other.sample(logits, 0, 1, 0, 1, 0, 99, i);
    }
    assertThat(again).isEqualTo(first);
    int[] anotherSeed =
        IntStream.range(0, 200).map(i -> sampler.sample(logits, 0, 1, 0, 1, 0, 100, i)).toArray();
    assertThat(anotherSeed).isNotEqualTo(first);
  }

  /** Frequencies over many draws against the distribution computed in the plain way. */
  @ParameterizedTest
  @CsvSource({
    "1,0,1,0",
    "0.7,0,1,0",
    "1.5,10,1,0",
    "1,0,0.8,0",
    "0.9,20,0.6,0",
    "2,1,1,0",
    "1,0,0.0001,0",
    "1,50,0.95,0",
    "1,3,0.999,0",
    "1,0,1,0.1",
    "1,0,1,1",
    "1.5,10,1,0.3",
    "1,0,0.9,0.05",
    "1,20,0.5,0.2",
    "0.9,30,0.99,0.0001"
  })
  void drawsFromTheFilteredDistribution(float temperature, int topK, float topP, float minP) {
    float[] logits = logits(3);
    int offset = 2;
    double[] expected = distribution(logits, offset, temperature, topK, topP, minP);
    int draws = 40_000;
    int[] counts = new int[VOCABULARY];
    for (int i = 0; i < draws; i++) {
      counts[sampler.sample(logits, offset, temperature, topK, topP, minP, 5, i)]++;
    }
    for (int token = 0; token < VOCABULARY; token++) {
      double p = expected[token];
      double tolerance = 5 * Math.sqrt(p * (1 - p) * draws) + 1e-9;
      assertThat((double) counts[token])
          .as("token %d", token)
          .isCloseTo(p * draws, Offset.offset(tolerance));
    }
  }

  private static double[] distribution(
      float[] logits, int offset, double temperature, int topK, double topP, double minP) {
    double[] p = new double[VOCABULARY];
    for (int i = 0; i < VOCABULARY; i++) {
      p[i] = Math.exp(logits[offset + i] / temperature);
    }
    Integer[] order = IntStream.range(0, VOCABULARY).boxed().toArray(Integer[]::new);
    Arrays.sort(order, Comparator.comparingDouble((Integer i) -> -p[i]));
    int kept = topK == 0 ? VOCABULARY : topK;
    double total = 0;
    for (int i = 0; i < kept; i++) {
      total += p[order[i]];
    }
    double cumulative = 0;
    int nucleus = 0;
    while (nucleus < kept && (nucleus == 0 || cumulative < topP * total)) {
      cumulative += p[order[nucleus++]];
    }
    while (nucleus > 1 && p[order[nucleus - 1]] < minP * p[order[0]]) {
      cumulative -= p[order[--nucleus]];
    }
    double[] result = new double[VOCABULARY];
    for (int i = 0; i < nucleus; i++) {
      result[order[i]] = p[order[i]] / cumulative;
    }
    return result;
  }

  @Test
  void logprobsAreThoseBeforeTemperatureWithTheLikeliestFirst() {
    float[] logits = logits(4);
    logits[12] = logits[30];
    int[] ids = new int[8];
    float[] logprobs = new float[8];
    float logprob = sampler.logprobs(logits, 0, 9, 5, ids, logprobs, 2);
    double total = 0;
    for (int i = 0; i < VOCABULARY; i++) {
      total += Math.exp(logits[i]);
    }
    assertThat((double) logprob).isCloseTo(logits[9] - Math.log(total), Offset.offset(1e-6));
    Integer[] order = IntStream.range(0, VOCABULARY).boxed().toArray(Integer[]::new);
    Arrays.sort(order, Comparator.comparingDouble((Integer i) -> -logits[i]));
    for (int i = 0; i < 5; i++) {
      assertThat(ids[2 + i]).isEqualTo(order[i]);
      assertThat((double) logprobs[2 + i])
          .isCloseTo(logits[order[i]] - Math.log(total), Offset.offset(1e-6));
    }
    assertThat(ids[7]).isZero();
  }

  @Test
  void alternativesOfEqualLikelihoodAreOrderedById() {
    int[] ids = new int[4];
    sampler.logprobs(new float[VOCABULARY], 0, 0, 4, ids, new float[4], 0);
    assertThat(ids).containsExactly(0, 1, 2, 3);
  }

  @Test
  void seesALogitThatIsNotFinite() {
    float[] logits = logits(5);
    assertThat(sampler.finite(logits, 1)).isTrue();
    logits[0] = Float.NaN;
    assertThat(sampler.finite(logits, 1)).isTrue();
    logits[VOCABULARY] = Float.NEGATIVE_INFINITY;
    assertThat(sampler.finite(logits, 1)).isFalse();
    logits[VOCABULARY] = Float.NaN;
    assertThat(sampler.finite(logits, 1)).isFalse();
  }

  @Test
  void theExponentialAgreesWithTheJdk() {
    SplittableRandom random = new SplittableRandom(6);
    for (int i = 0; i < 100_000; i++) {
      double x = -random.nextDouble() * (i % 2 == 0 ? 700 : 2);
      double expected = Math.exp(x);
      assertThat(Exponential.ofNonPositive(x))
          .isCloseTo(expected, Offset.offset(2 * Math.ulp(expected)));
    }
    assertThat(Exponential.ofNonPositive(0)).isEqualTo(1);
    assertThat(Exponential.ofNonPositive(Double.NEGATIVE_INFINITY)).isZero();
  }
}
