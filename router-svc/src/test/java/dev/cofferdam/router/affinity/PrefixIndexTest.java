package dev.cofferdam.router.affinity;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrefixIndexTest {
  private static byte[] digest(int n) {
    return ByteBuffer.allocate(32).putInt(n).array();
  }

  private static List<byte[]> digests(int... numbers) {
    List<byte[]> list = new ArrayList<>();
    for (int n : numbers) {
      list.add(digest(n));
    }
    return list;
  }

  @Test
  void onlyTheUnbrokenBeginningOfAChainCounts() {
    PrefixIndex index = new PrefixIndex(100);
    index.add(0, digests(1, 2, 4));
    index.add(1, digests(2, 3));
    assertThat(index.match(digests(1, 2, 3, 4), 2)).containsExactly(2, 0);
  }

  @Test
  void aWorkerThatIsGoneMatchesNothing() {
    PrefixIndex index = new PrefixIndex(100);
    index.add(0, digests(1, 2));
    index.add(1, digests(1));
    index.clear(0);
    assertThat(index.match(digests(1, 2), 2)).containsExactly(0, 1);
    assertThat(index.size()).isEqualTo(1);
  }

  @Test
  void aWorkerThatJoinedAfterTheFleetWasLookedAtIsNotAnswered() {
    PrefixIndex index = new PrefixIndex(100);
    index.add(700, digests(1));
    assertThat(index.match(digests(1), 2)).containsExactly(0, 0);
    assertThat(index.match(digests(1), 701)[700]).isEqualTo(1);
  }

  @Test
  void theIndexNeverGrowsOverItsBound() {
    PrefixIndex index = new PrefixIndex(10);
    for (int i = 0; i < 1_000; i++) {
      index.add(i % 3, digests(i));
      assertThat(index.size()).isLessThanOrEqualTo(10);
    }
    assertThat(index.match(digests(999), 3)).containsExactly(1, 0, 0);
  }

  @Test
  void whatIsAskedForStaysWhereWhatIsNotLeaves() {
    PrefixIndex index = new PrefixIndex(1_000);
    index.add(0, digests(1, 2, 3));
    for (int i = 10; i < 20_000; i++) {
      index.add(1, digests(i));
      index.match(digests(1, 2, 3), 2);
    }
    assertThat(index.size()).isEqualTo(1_000);
    assertThat(index.match(digests(1, 2, 3), 2)).containsExactly(3, 0);
    assertThat(index.match(digests(10), 2)).containsExactly(0, 0);
  }

  @Test
  void whatNobodyHoldsAnyMoreMakesRoomFirst() {
    PrefixIndex index = new PrefixIndex(1_000);
    for (int i = 0; i < 1_000; i++) {
      index.add(i % 2, digests(i));
    }
    index.clear(0);
    assertThat(index.size()).isEqualTo(500);
    for (int i = 1_000; i < 1_500; i++) {
      index.add(0, digests(i));
    }
    for (int i = 1; i < 1_000; i += 2) {
      assertThat(index.match(digests(i), 2)).as("block %d", i).containsExactly(0, 1);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void itAgreesWithANaiveModelOverRandomHistories(long seed) {
    Random random = new Random(seed);
    PrefixIndex index = new PrefixIndex(10_000);
    int workers = seed % 2 == 0 ? 4 : 130;
    List<byte[]> chain = digests(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
    List<Set<Integer>> model = new ArrayList<>();
    for (int worker = 0; worker < workers; worker++) {
      model.add(new HashSet<>());
    }
    for (int step = 0; step < 4_000; step++) {
      int worker = random.nextInt(workers);
      int n = random.nextInt(12);
      Set<Integer> own = model.get(worker);
      switch (random.nextInt(20)) {
        case 0 -> {
          index.clear(worker);
          own.clear();
        }
        case 1, 2, 3, 4 -> {
          index.remove(worker, digests(n));
          own.remove(n);
        }
        default -> {
          index.add(worker, digests(n));
          own.add(n);
        }
      }
      int[] expected = new int[workers];
      for (int w = 0; w < workers; w++) {
        while (expected[w] < chain.size() && model.get(w).contains(expected[w])) {
          expected[w]++;
        }
      }
      assertThat(index.match(chain, workers)).as("seed %d step %d", seed, step).isEqualTo(expected);
      assertThat(index.size())
          .as("seed %d step %d", seed, step)
          .isEqualTo((int) model.stream().flatMap(Set::stream).distinct().count());
    }
  }
}
