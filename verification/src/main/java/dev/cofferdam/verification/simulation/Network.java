package dev.cofferdam.verification.simulation;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Connections and datagrams between nodes. A connection keeps the order of what is sent on it until
 * it breaks; it breaks when an end dies, or when a partition lasts longer than the keep-alive.
 * Datagrams are delayed, reordered, lost and doubled.
 */
final class Network {
  private static final long KEEP_ALIVE_US = 2_000_000;

  private final VirtualTime time;
  private final SplittableRandom random;
  private final Map<String, Long> healsAtUs = new HashMap<>();
  private final double faultRate;

  /**
   * @param faultRate share of messages that are late, lost or doubled
   */
  Network(VirtualTime time, SplittableRandom random, double faultRate) {
    this.time = time;
    this.random = random;
    this.faultRate = faultRate;
  }

  /** Cuts two nodes off from each other for a while. */
  void partition(Node a, Node b, long us) {
    healsAtUs.merge(pair(a, b), time.nowUs() + us, Math::max);
    for (Wire wire : a.wires()) {
      if (wire.joins(b) && us > KEEP_ALIVE_US) {
        time.after(KEEP_ALIVE_US, wire::fail);
      }
    }
  }

  /** Opens a connection; where the other end is down or cut off, it breaks soon. */
  Wire connect(Node from, Node to) {
    Wire wire = new Wire(this, time, from, to);
    if (!to.up()) {
      time.after(latencyUs(), wire::fail);
    } else if (cutForUs(from, to) > 0) {
      time.after(Math.min(KEEP_ALIVE_US, cutForUs(from, to)), wire::fail);
    }
    return wire;
  }

  /** Sends something that may be lost, late, doubled or overtaken. */
  void datagram(Node from, Node to, Runnable task) {
    if (!from.up() || cutForUs(from, to) > 0 || random.nextDouble() < faultRate) {
      return;
    }
    int copies = random.nextDouble() < faultRate ? 2 : 1;
    long life = to.life();
    for (int copy = 0; copy < copies; copy++) {
      time.after(
          latencyUs(),
          () -> {
            if (to.up() && to.life() == life) {
              task.run();
            }
          });
    }
  }

  long latencyUs() {
    long usual = 100 + random.nextInt(400);
    return random.nextDouble() < faultRate ? usual + random.nextInt(200_000) : usual;
  }

  /** How long two nodes are cut off still; 0 where they are not. */
  long cutForUs(Node a, Node b) {
    return Math.max(0, healsAtUs.getOrDefault(pair(a, b), 0L) - time.nowUs());
  }

  private static String pair(Node a, Node b) {
    return a.name().compareTo(b.name()) < 0 ? a.name() + "|" + b.name() : b.name() + "|" + a.name();
  }
}
