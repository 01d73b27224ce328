package dev.cofferdam.gateway.quota;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.Tier;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class SharedReservationTest {
  private final List<Reservation> admitted = new ArrayList<>();
  private final List<Used> settled = new ArrayList<>();

  private final Limiter limiter =
      new Limiter() {
        @Override
        public CompletionStage<Admission> admit(Reservation reservation) {
          admitted.add(reservation);
          return CompletableFuture.completedFuture(
              new Admission.Granted(new Lease(reservation, "t"), Samples.LIMITS));
        }

        @Override
        public CompletionStage<Void> settle(Lease lease, Used used) {
          settled.add(used);
          return CompletableFuture.completedFuture(null);
        }
      };

  private final SharedReservation shared = new SharedReservation(limiter, reservation(30));

  private static Reservation reservation(int promptTokens) {
    return new Reservation(
        RequestId.random(), Samples.identity(Tier.STANDARD).tenant(), "m", promptTokens, 0);
  }

  private Lease admit(int promptTokens) {
    return ((Admission.Granted)
            shared.admit(reservation(promptTokens)).toCompletableFuture().join())
        .lease();
  }

  @Test
  void allOfThemAreReservedOnceAndSettledWithWhatAllOfThemUsed() {
    Lease first = admit(10);
    Lease second = admit(20);
    shared.settle(first, new Used(10, 0, 0));
    shared.settle(second, new Used(20, 5, 1));
    assertThat(settled).isEmpty();
    shared.close();

    assertThat(admitted).extracting(Reservation::promptTokens).containsExactly(30L);
    assertThat(settled).containsExactly(new Used(30, 5, 1));
  }

  @Test
  void whatStillRunsWhenItIsClosedIsWaitedFor() {
    Lease only = admit(10);
    shared.close();
    assertThat(settled).isEmpty();
    shared.settle(only, Used.NOTHING);

    assertThat(settled).containsExactly(Used.NOTHING);
  }

  @Test
  void whatNobodyAskedForIsNotSettled() {
    shared.close();

    assertThat(admitted).isEmpty();
    assertThat(settled).isEmpty();
  }
}
