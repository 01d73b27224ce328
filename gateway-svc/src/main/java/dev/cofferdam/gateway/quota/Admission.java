package dev.cofferdam.gateway.quota;

import dev.cofferdam.vocabulary.Refusal;

/** The limiter's decision. */
public sealed interface Admission {
  /** The request fits; the lease must be settled exactly once. */
  record Granted(Lease lease, LimitState state) implements Admission {}

  /** It does not. */
  record Refused(Refusal refusal, LimitState state) implements Admission {}
}
