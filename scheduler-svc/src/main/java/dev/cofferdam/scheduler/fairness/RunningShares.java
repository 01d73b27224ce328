package dev.cofferdam.scheduler.fairness;

import java.util.Optional;

/** How many requests tenants run, and who runs most over its weight. Not thread-safe. */
final class RunningShares<T> {
  private final FlowTable<T> flows;

  /**
   * Of those that run something, and some that did: by what ran over the weight, the most first.
   * Less than that is looked at only once it comes to the top.
   */
  private final Tournament byShare = new Tournament();

  private int running;

  RunningShares(FlowTable<T> flows) {
    this.flows = flows;
  }

  /** Requests that run. */
  int running() {
    return running;
  }

  /** Counts so many more of a tenant; 0 where only its weight has changed. */
  void ran(Flow<T> flow, int more) {
    flow.running += more;
    running += more;
    if (flow.running == 0) {
      flow.ahead = 0;
    } else if (!byShare.has(flow.id)
        || byShare.key(flow.id, -flow.shareWith(0)) < byShare.key(flow.id)) {
      byShare.put(flow.id, -flow.shareWith(0));
    }
  }

  /** The tenant that runs most over its weight; empty where nothing runs. */
  Optional<Flow<T>> most() {
    while (!byShare.isEmpty()) {
      Flow<T> most = flows.at(byShare.least());
      if (most.running == 0) {
        byShare.remove(most.id);
      } else if (byShare.key(most.id) < byShare.key(most.id, -most.shareWith(0))) {
        byShare.put(most.id, -most.shareWith(0));
      } else {
        return Optional.of(most);
      }
    }
    return Optional.empty();
  }

  /** A tenant is remembered no more. */
  void forget(int id) {
    byShare.remove(id);
  }
}
