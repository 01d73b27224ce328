package dev.cofferdam.gateway.quota;

import java.util.concurrent.CompletionStage;

/** Decides all limits of a request at once. */
public interface Limiter {
  /** Reserves what a request may use; keeps the lease alive until it is settled. Never fails. */
  CompletionStage<Admission> admit(Reservation reservation);

  /** Ends a lease with what was used; what was reserved beyond that is given back. */
  CompletionStage<Void> settle(Lease lease, Used used);
}
