package dev.cofferdam.verification.simulation;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A process on a machine whose clock is off by a little. */
class Node {
  private static final long EPOCH_MS = 1_000_000_000;

  private final String name;
  private final VirtualTime time;
  private final long skewMs;
  private final Set<Wire> wires = new LinkedHashSet<>();
  private boolean up = true;
  private long life = 1;

  Node(String name, VirtualTime time, long skewMs) {
    this.name = name;
    this.time = time;
    this.skewMs = skewMs;
  }

  final String name() {
    return name;
  }

  final boolean up() {
    return up;
  }

  /** Larger for each start. */
  final long life() {
    return life;
  }

  final Set<Wire> wires() {
    return wires;
  }

  /** Milliseconds since the epoch, as its own clock has it. */
  final long clockMs() {
    return EPOCH_MS + skewMs + time.nowUs() / 1_000;
  }

  /** Runs a task after a while, unless the process has died by then. */
  final void later(long us, Runnable task) {
    long then = life;
    time.after(
        us,
        () -> {
          if (up && life == then) {
            task.run();
          }
        });
  }

  /** The process dies with all that it knows, and starts anew after a while. */
  final void crash(long downUs) {
    up = false;
    List<Wire> open = List.copyOf(wires);
    wires.clear();
    open.forEach(wire -> wire.died(this));
    died();
    time.after(
        downUs,
        () -> {
          up = true;
          life++;
          started();
        });
  }

  /** Forgets everything. */
  void died() {}

  /** Begins, with nothing known. */
  void started() {}
}
