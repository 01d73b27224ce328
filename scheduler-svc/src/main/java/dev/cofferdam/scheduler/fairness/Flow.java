package dev.cofferdam.scheduler.fairness;

import org.jspecify.annotations.Nullable;

/** A tenant's account and its waiting requests, in their order. */
public final class Flow<T> {
  final String tenant;
  final int id;
  FairQueue.@Nullable Entry<T> first;
  FairQueue.@Nullable Entry<T> last;
  int waiting;
  private double weight;
  private double perWeight;
  double virtualTime;
  double ahead;
  int running;
  boolean parked;

  Flow(String tenant, int id, double weight) {
    this.tenant = tenant;
    this.id = id;
    weigh(weight);
  }

  void weigh(double newWeight) {
    weight = newWeight;
    perWeight = 1 / newWeight;
  }

  /** The tenant. */
  public String tenant() {
    return tenant;
  }

  /**
   * The request that is next.
   *
   * @throws IllegalStateException where nothing waits
   */
  public FairQueue.Entry<T> head() {
    FairQueue.Entry<T> head = first;
    if (head == null) {
      throw new IllegalStateException("nothing waits");
    }
    return head;
  }

  int id() {
    return id;
  }

  /** The tenant's share. */
  public double weight() {
    return weight;
  }

  /** Virtual time, in weighted tokens over weight. */
  public double virtualTime() {
    return virtualTime;
  }

  /** What the tenant would run over its weight with so many requests more than now. */
  public double shareWith(int more) {
    return (running + more) * perWeight;
  }

  /** Whether its head may be granted. */
  boolean isReady() {
    return first != null && !parked;
  }

  /** Virtual time less what it is charged ahead. */
  double serviceTime() {
    return virtualTime - ahead;
  }

  /** Of its head; its virtual time where nothing waits. */
  double finishTag() {
    FairQueue.Entry<T> head = first;
    return head == null ? virtualTime : virtualTime + normalised(head.cost());
  }

  double normalised(double cost) {
    return cost * perWeight;
  }

  void link(FairQueue.Entry<T> entry, boolean inFront) {
    FairQueue.Entry<T> oldFirst = first;
    FairQueue.Entry<T> oldLast = last;
    if (oldFirst == null || oldLast == null) {
      first = entry;
      last = entry;
    } else if (inFront) {
      entry.after = oldFirst;
      oldFirst.before = entry;
      first = entry;
    } else {
      entry.before = oldLast;
      oldLast.after = entry;
      last = entry;
    }
    entry.flow = this;
    waiting++;
  }

  void unlink(FairQueue.Entry<T> entry) {
    FairQueue.Entry<T> before = entry.before;
    FairQueue.Entry<T> after = entry.after;
    if (before == null) {
      first = after;
    } else {
      before.after = after;
    }
    if (after == null) {
      last = before;
    } else {
      after.before = before;
    }
    entry.before = null;
    entry.after = null;
    entry.flow = null;
    waiting--;
  }
}
