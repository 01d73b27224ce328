package dev.cofferdam.gateway.dispatch;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Placements that remember for a moment whose queue is full: a tenant that sends on nevertheless is
 * refused here, and costs neither router nor scheduler anything. What was placed before and lost
 * its worker is always asked for. Thread-safe.
 */
public final class FullQueues implements Placements {
  /** Short beside the second or more after which a refused client is told to come back. */
  private static final long REMEMBERED_MS = 100;

  private static final int REMEMBERED_MAX = 4_096;

  private final Placements placements;
  private final InstantSource clock;
  private final Map<Queue, Full> full = new ConcurrentHashMap<>();

  private record Queue(TenantId tenant, String model) {}

  private record Full(Refusal refusal, long untilMs) {}

  /**
   * @param placements what is asked otherwise
   */
  public FullQueues(Placements placements, InstantSource clock) {
    this.placements = placements;
    this.clock = clock;
  }

  @Override
  public Runnable place(Ask ask, Consumer<Event> listener) {
    if (ask.attempt() > 1) {
      return placements.place(ask, listener);
    }
    Generation generation = ask.generation();
    Queue queue = new Queue(generation.identity().tenant().id(), generation.model().id());
    @Nullable Full known = full.get(queue);
    if (known != null && clock.millis() < known.untilMs) {
      listener.accept(new Event.PlacementRefused(known.refusal));
      return () -> {};
    }
    return placements.place(
        ask,
        event -> {
          if (event instanceof Event.PlacementRefused refused
              && refused.refusal().code() == ErrorCode.QUEUE_FULL) {
            remember(queue, refused.refusal());
          }
          listener.accept(event);
        });
  }

  private void remember(Queue queue, Refusal refusal) {
    long now = clock.millis();
    if (full.size() >= REMEMBERED_MAX) {
      full.values().removeIf(known -> known.untilMs <= now);
    }
    if (full.size() < REMEMBERED_MAX) {
      full.put(queue, new Full(refusal, now + REMEMBERED_MS));
    }
  }
}
