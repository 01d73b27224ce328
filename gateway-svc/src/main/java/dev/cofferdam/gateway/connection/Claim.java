package dev.cofferdam.gateway.connection;

import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;

/** What a tenant's request finds of the connection on which it came. */
public sealed interface Claim {
  /**
   * The connection is the tenant's until it closes.
   *
   * @param pace of all the tenant's streams on this gateway
   */
  record Held(TenantId tenant, Pace pace) implements Claim {}

  /**
   * The tenant has as many others as it may have.
   *
   * @param shared whether another tenant holds the connection, so that it stays open
   */
  record Refused(Refusal refusal, boolean shared) implements Claim {}
}
