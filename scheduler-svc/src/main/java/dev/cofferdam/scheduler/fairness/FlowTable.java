package dev.cofferdam.scheduler.fairness;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The tenants that are remembered, by name and by a small number that is given again later. */
final class FlowTable<T> {
  private final Map<String, Flow<T>> byName = new HashMap<>();
  private final List<@Nullable Flow<T>> byId = new ArrayList<>();
  private final ArrayDeque<Integer> freeIds = new ArrayDeque<>();

  @Nullable Flow<T> get(String tenant) {
    return byName.get(tenant);
  }

  /**
   * A tenant's account, opened where there is none.
   *
   * @throws IllegalStateException where as many are remembered as have a place in a tournament
   */
  Flow<T> of(String tenant, double weight) {
    Flow<T> known = byName.get(tenant);
    if (known != null) {
      return known;
    }
    if (byName.size() == Tournament.IDS_MAX) {
      throw new IllegalStateException("more tenants than " + Tournament.IDS_MAX);
    }
    Integer free = freeIds.poll();
    Flow<T> flow = new Flow<>(tenant, free == null ? byId.size() : free, weight);
    if (free == null) {
      byId.add(flow);
    } else {
      byId.set(free, flow);
    }
    byName.put(tenant, flow);
    return flow;
  }

  Flow<T> at(int id) {
    Flow<T> flow = byId.get(id);
    if (flow == null) {
      throw new IllegalStateException("no tenant has id " + id);
    }
    return flow;
  }

  int size() {
    return byName.size();
  }

  long count(Predicate<Flow<T>> condition) {
    return byName.values().stream().filter(condition).count();
  }

  /** Forgets tenants; their numbers are told before they are given to others. */
  void removeIf(Predicate<Flow<T>> condition, IntConsumer freed) {
    byName
        .values()
        .removeIf(
            flow -> {
              boolean goes = condition.test(flow);
              if (goes) {
                freed.accept(flow.id());
                byId.set(flow.id(), null);
                freeIds.add(flow.id());
              }
              return goes;
            });
  }
}
