package dev.cofferdam.scheduler.fairness;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TournamentTest {
  private record Tagged(int id, double tag) {}

  private static final Comparator<Tagged> ORDER =
      Comparator.comparingDouble(Tagged::tag).thenComparingInt(Tagged::id);

  @Test
  void whateverIsPutMovedAndTakenOutTheOrderIsThatOfTagsAndIds() {
    for (long seed = 1; seed <= 50; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      Tournament tournament = new Tournament();
      Map<Integer, Tagged> reference = new HashMap<>();
      for (int step = 0; step < 2_000; step++) {
        int id = random.nextInt(100);
        if (random.nextInt(3) == 0) {
          tournament.remove(id);
          reference.remove(id);
        } else {
          // Few tags, some below zero and zeros of both signs, so that ids decide often.
          double tag = random.nextInt(-3, 12) * (random.nextBoolean() ? 0.0 : 0.5);
          tournament.put(id, tag);
          reference.put(id, new Tagged(id, tag + 0.0));
        }
        if (random.nextInt(100) == 0) {
          tournament.startFrom(random.nextInt(-9, 9), known -> reference.get(known).tag());
        }
        Tagged least = reference.values().stream().min(ORDER).orElse(null);
        assertThat(tournament.isEmpty()).as("seed %d", seed).isEqualTo(reference.isEmpty());
        assertThat(tournament.has(id)).isEqualTo(reference.containsKey(id));
        if (least != null) {
          assertThat(tournament.least()).as("seed %d, step %d", seed, step).isEqualTo(least.id());
        }
      }
      List<Integer> inOrder = new ArrayList<>();
      tournament.inOrder().forEachRemaining((int id) -> inOrder.add(id));
      List<Integer> sorted = reference.values().stream().sorted(ORDER).map(Tagged::id).toList();
      assertThat(inOrder).as("seed %d", seed).isEqualTo(sorted);
      for (int place = 0; place < sorted.size(); place++) {
        long key = tournament.key(sorted.get(place));
        assertThat(tournament.sumBefore(key, 16, id -> 1)).isEqualTo(Math.min(16, place));
      }
    }
  }

  @Test
  void tagsThatAreFurtherApartThanTheRoundingKeepTheirOrderHoweverLateItIs() {
    double quantum = 1.0 / 256;
    for (double epoch : new double[] {0, 1e6, 1e9, 1e12}) {
      Tournament tournament = new Tournament();
      tournament.startFrom(epoch, id -> 0);
      for (double distance : new double[] {-1e6, 0, 3, 1e6, 2 * Tournament.WINDOW - 1}) {
        double tag = epoch + distance;
        assertThat(tournament.key(2, tag)).isLessThan(tournament.key(1, tag + quantum));
        assertThat(tournament.key(1, tag)).isLessThan(tournament.key(2, tag));
      }
      double far = epoch + 1e15;
      assertThat(tournament.key(2, far)).isLessThan(tournament.key(1, far + 1e15 / (1 << 28)));
    }
  }
}
