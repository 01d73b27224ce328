package dev.cofferdam.router.affinity;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
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
    index.add("a", digests(1, 2, 4));
    index.add("b", digests(2, 3));
    assertThat(index.match(digests(1, 2, 3, 4))).isEqualTo(Map.of("a", 2));
  }

  @Test
  void aWorkerThatIsGoneMatchesNothing() {
    PrefixIndex index = new PrefixIndex(100);
    index.add("a", digests(1, 2));
    index.add("b", digests(1));
    index.clear("a");
    assertThat(index.match(digests(1, 2))).isEqualTo(Map.of("b", 1));
    assertThat(index.size()).isEqualTo(1);
  }

  @Test
  void theIndexNeverGrowsOverItsBound() {
    PrefixIndex index = new PrefixIndex(10);
    for (int i = 0; i < 1_000; i++) {
      index.add("w" + i % 3, digests(i));
      assertThat(index.size()).isLessThanOrEqualTo(10);
    }
    assertThat(index.match(digests(999))).containsOnlyKeys("w0");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void itAgreesWithANaiveModelOverRandomHistories(long seed) {
    Random random = new Random(seed);
    PrefixIndex index = new PrefixIndex(10_000);
    Map<String, Set<Integer>> model = new HashMap<>();
    for (int step = 0; step < 2_000; step++) {
      String worker = "w" + random.nextInt(4);
      int n = random.nextInt(12);
      Set<Integer> own = model.computeIfAbsent(worker, unused -> new HashSet<>());
      switch (random.nextInt(8)) {
        case 0 -> {
          index.clear(worker);
          own.clear();
        }
        case 1, 2, 3 -> {
          index.remove(worker, digests(n));
          own.remove(n);
        }
        default -> {
          index.add(worker, digests(n));
          own.add(n);
        }
      }
      Map<String, Integer> expected = new HashMap<>();
      model.forEach(
          (w, set) -> {
            int count = 0;
            while (set.contains(count)) {
              count++;
            }
            if (count > 0) {
              expected.put(w, Math.min(count, 12));
            }
          });
      assertThat(index.match(digests(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)))
          .as("seed %d step %d", seed, step)
          .isEqualTo(expected);
    }
  }
}
