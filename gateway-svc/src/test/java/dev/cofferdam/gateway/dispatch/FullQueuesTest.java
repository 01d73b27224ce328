package dev.cofferdam.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.identity.Identity;
import dev.cofferdam.vocabulary.ConnectionLimits;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.Tier;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whom a gateway refuses without a router. */
class FullQueuesTest {
  private static final Identity LOUD =
      Samples.identity("loud", Tier.STANDARD, ConnectionLimits.UNLIMITED);
  private static final Identity OTHER =
      Samples.identity("other", Tier.STANDARD, ConnectionLimits.UNLIMITED);

  private final List<String> asked = new ArrayList<>();
  private Refusal answer =
      Refusal.of(ErrorCode.QUEUE_FULL, "full").withRetryAfter(Duration.ofSeconds(3));
  private long nowMs = 1_000;
  private final FullQueues placements =
      new FullQueues(
          (ask, listener) -> {
            asked.add(ask.generation().identity().tenant().id().value());
            listener.accept(new Event.PlacementRefused(answer));
            return () -> {};
          },
          () -> Instant.ofEpochMilli(nowMs));

  private Event place(Identity identity, int attempt) {
    List<Event> events = new ArrayList<>();
    var unused =
        placements.place(
            new Placements.Ask(Samples.generation(identity, 10), attempt, 0, List.of(), List.of()),
            events::add);
    assertThat(events).hasSize(1);
    return events.getFirst();
  }

  @Test
  void aTenantWhoseQueueIsFullIsRefusedWithoutARouterForAMoment() {
    Event first = place(LOUD, 1);
    nowMs += 99;
    assertThat(place(LOUD, 1)).isEqualTo(first);
    assertThat(asked).containsExactly("loud");
    nowMs += 1;
    place(LOUD, 1);
    assertThat(asked).containsExactly("loud", "loud");
  }

  @Test
  void nobodyElseIsAndNoRequestThatLostItsWorker() {
    place(LOUD, 1);
    place(OTHER, 1);
    place(LOUD, 2);
    assertThat(asked).containsExactly("loud", "other", "loud");
  }

  @Test
  void anyOtherRefusalIsAskedForAgain() {
    answer = Refusal.of(ErrorCode.NO_CAPACITY, "none");
    place(LOUD, 1);
    place(LOUD, 1);
    assertThat(asked).hasSize(2);
  }
}
