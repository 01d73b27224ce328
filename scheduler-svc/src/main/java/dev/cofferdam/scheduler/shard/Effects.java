package dev.cofferdam.scheduler.shard;

import java.util.ArrayList;
import java.util.List;

/** What a step wants done, in its order. A step without effects allocates nothing. */
final class Effects {
  private List<PoolEffect> wanted = List.of();

  void add(PoolEffect effect) {
    if (wanted.isEmpty()) {
      wanted = new ArrayList<>(2);
    }
    wanted.add(effect);
  }

  /** Hands over what was added; it is the taker's. */
  List<PoolEffect> take() {
    List<PoolEffect> taken = wanted;
    wanted = List.of();
    return taken;
  }
}
