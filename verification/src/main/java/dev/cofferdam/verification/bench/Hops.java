package dev.cofferdam.verification.bench;

import dev.cofferdam.local.trace.StoredSpan;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Where the time to the first token of one request went, from the spans of its trace. */
record Hops(Map<Part, Long> nanos) {
  /** A part of the way, in its order. */
  enum Part {
    /** In the gateway: identity, template, tokens, limits. */
    GATEWAY,
    /** Between gateway and router, both ways. */
    GATEWAY_TO_ROUTER,
    /** In the router: where to. */
    ROUTER,
    /** Between router and scheduler, both ways. */
    ROUTER_TO_SCHEDULER,
    /** In the scheduler: queue and grant. */
    SCHEDULER,
    /** From the grant to the worker's acceptance. */
    GATEWAY_TO_WORKER,
    /** In the worker: from its acceptance to the first token. */
    WORKER_PREFILL
  }

  private static final String PLACE = "cofferdam.routing.v1.RoutingService/Place";
  private static final String ENQUEUE = "cofferdam.scheduling.v1.SchedulingService/Enqueue";
  private static final String GENERATE = "cofferdam.worker.v1.WorkerService/Generate";

  /** The hops of a trace; empty where a span is missing. */
  static Optional<Hops> of(List<StoredSpan> spans) {
    Optional<StoredSpan> root = spans.stream().filter(s -> s.parent().isEmpty()).findFirst();
    Optional<StoredSpan> asked = find(spans, "gateway", PLACE);
    Optional<StoredSpan> placed = find(spans, "router", PLACE);
    Optional<StoredSpan> queued = find(spans, "router", ENQUEUE);
    Optional<StoredSpan> granted = find(spans, "scheduler", ENQUEUE);
    Optional<StoredSpan> sent = find(spans, "gateway", GENERATE);
    Optional<StoredSpan> prefill = find(spans, "worker", "prefill");
    if (List.of(root, asked, placed, queued, granted, sent, prefill).contains(Optional.empty())) {
      return Optional.empty();
    }
    Map<Part, Long> nanos = new EnumMap<>(Part.class);
    nanos.put(
        Part.GATEWAY,
        asked.get().startNanos()
            - root.get().startNanos()
            + sent.get().startNanos()
            - asked.get().endNanos());
    nanos.put(Part.GATEWAY_TO_ROUTER, length(asked) - length(placed));
    nanos.put(Part.ROUTER, length(placed) - length(queued));
    nanos.put(Part.ROUTER_TO_SCHEDULER, length(queued) - length(granted));
    nanos.put(Part.SCHEDULER, length(granted));
    nanos.put(Part.GATEWAY_TO_WORKER, prefill.get().startNanos() - sent.get().startNanos());
    nanos.put(Part.WORKER_PREFILL, length(prefill));
    return Optional.of(new Hops(nanos));
  }

  private static Optional<StoredSpan> find(List<StoredSpan> spans, String service, String name) {
    return spans.stream()
        .filter(s -> s.service().startsWith(service) && s.name().equals(name))
        .findFirst();
  }

  private static long length(Optional<StoredSpan> span) {
    return span.map(s -> s.endNanos() - s.startNanos()).orElse(0L);
  }

  double ms(Part part) {
    return nanos.getOrDefault(part, 0L) / 1e6;
  }
}
