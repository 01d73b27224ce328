package dev.cofferdam.verification.simulation;

import java.util.HashMap;
import java.util.Map;

/** A connection of two nodes, in order, until it is closed or breaks. Each end is told once. */
final class Wire {
  private final Network network;
  private final VirtualTime time;
  private final Node opener;
  private final Node acceptor;
  private final Map<Node, Long> lastAtUs = new HashMap<>();
  private final Map<Node, Runnable> onEnd = new HashMap<>();
  private final Map<Node, Boolean> ended = new HashMap<>();

  Wire(Network network, VirtualTime time, Node opener, Node acceptor) {
    this.network = network;
    this.time = time;
    this.opener = opener;
    this.acceptor = acceptor;
    opener.wires().add(this);
    acceptor.wires().add(this);
  }

  boolean joins(Node node) {
    return node == opener || node == acceptor;
  }

  /** What an end does when the connection is over and it did not close it itself. */
  void onEnd(Node at, Runnable task) {
    onEnd.put(at, task);
  }

  /** Delivers at the other end, after everything that was sent before. */
  void send(Node from, Runnable task) {
    Node to = other(from);
    if (isOver(from)) {
      return;
    }
    time.at(
        arrivalUs(from, to),
        () -> {
          if (to.up() && !isOver(to)) {
            task.run();
          }
        });
  }

  /** Ends it here; the other end hears of it after everything that was sent before. */
  void close(Node from) {
    if (isOver(from)) {
      return;
    }
    Node to = other(from);
    ended.put(from, true);
    from.wires().remove(this);
    time.at(arrivalUs(from, to), () -> end(to));
  }

  /** Breaks it: both ends hear of it, what is on its way may still arrive before. */
  void fail() {
    for (Node node : new Node[] {opener, acceptor}) {
      time.at(arrivalUs(other(node), node), () -> end(node));
    }
  }

  /** A node died: its end is over at once. */
  void died(Node node) {
    ended.put(node, true);
    time.at(arrivalUs(node, other(node)), () -> end(other(node)));
  }

  private void end(Node node) {
    if (ended.put(node, true) == null) {
      node.wires().remove(this);
      Runnable task = onEnd.get(node);
      if (task != null && node.up()) {
        task.run();
      }
    }
  }

  private long arrivalUs(Node from, Node to) {
    long at = time.nowUs() + network.cutForUs(from, to) + network.latencyUs();
    return lastAtUs.merge(to, at, (last, now) -> Math.max(last + 1, now));
  }

  boolean isOver(Node node) {
    return ended.containsKey(node);
  }

  private Node other(Node node) {
    return node == opener ? acceptor : opener;
  }
}
