package dev.cofferdam.gateway.quota;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Decides all limits of a request at once. */
public interface Limiter {
  /** Grants what another has reserved, and will settle, or what nobody is to pay for. */
  Limiter RESERVED =
      new Limiter() {
        private static final LimitState UNKNOWN = new LimitState(0, 0, 0, 0, 0, 0);

        @Override
        public CompletionStage<Admission> admit(Reservation reservation) {
          return CompletableFuture.completedFuture(
              new Admission.Granted(new Lease(reservation, ""), UNKNOWN));
        }

        @Override
        public CompletionStage<Void> settle(Lease lease, Used used) {
          return CompletableFuture.completedFuture(null);
        }
      };

  /** Reserves what a request may use; keeps the lease alive until it is settled. Never fails. */
  CompletionStage<Admission> admit(Reservation reservation);

  /** Ends a lease with what was used; what was reserved beyond that is given back. */
  CompletionStage<Void> settle(Lease lease, Used used);
}
