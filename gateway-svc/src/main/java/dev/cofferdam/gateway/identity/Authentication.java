package dev.cofferdam.gateway.identity;

import dev.cofferdam.vocabulary.Refusal;

/** The outcome of an authentication. */
public sealed interface Authentication {
  /** The credentials hold. */
  record Accepted(Identity identity) implements Authentication {}

  /** They do not. */
  record Rejected(Refusal refusal) implements Authentication {}
}
