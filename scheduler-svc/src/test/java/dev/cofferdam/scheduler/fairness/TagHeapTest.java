package dev.cofferdam.scheduler.fairness;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TagHeapTest {
  private record Tagged(int id, double tag, long tie) {}

  private static final Comparator<Tagged> ORDER =
      Comparator.comparingDouble(Tagged::tag).thenComparingLong(Tagged::tie);

  @Test
  void whateverIsPutMovedAndTakenOutTheOrderIsThatOfTagsAndTies() {
    for (long seed = 1; seed <= 50; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      TagHeap heap = new TagHeap();
      Map<Integer, Tagged> reference = new HashMap<>();
      for (int step = 0; step < 2_000; step++) {
        int id = random.nextInt(100);
        if (random.nextInt(3) == 0) {
          heap.remove(id);
          reference.remove(id);
        } else {
          // Few tags, some below zero and zeros of both signs, so that ties decide often.
          double tag = random.nextInt(-3, 12) * (random.nextBoolean() ? 0.0 : 0.5);
          heap.put(id, tag, step);
          reference.put(id, new Tagged(id, tag + 0.0, step));
        }
        Tagged least = reference.values().stream().min(ORDER).orElse(null);
        assertThat(heap.size()).as("seed %d", seed).isEqualTo(reference.size());
        assertThat(heap.has(id)).isEqualTo(reference.containsKey(id));
        if (least != null) {
          assertThat(heap.idAt(0)).as("seed %d, step %d", seed, step).isEqualTo(least.id());
          assertThat(heap.tagAt(0)).isEqualTo(least.tag());
        }
      }
      List<Integer> inOrder = new ArrayList<>();
      heap.inOrder().forEachRemaining((int id) -> inOrder.add(id));
      assertThat(inOrder)
          .as("seed %d", seed)
          .isEqualTo(reference.values().stream().sorted(ORDER).map(Tagged::id).toList());
    }
  }
}
