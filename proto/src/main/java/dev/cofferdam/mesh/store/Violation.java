package dev.cofferdam.mesh.store;

import dev.cofferdam.mesh.Caller;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantId;

/**
 * An attempt of a tenant to see another one's rows.
 *
 * @param tenant who asked, by certificate; {@link #NOBODY} where that is no tenant's
 * @param actor the certificate's identity
 * @param address the peer's address
 * @param method what was called
 */
public record Violation(TenantId tenant, String actor, String address, String method) {
  /** Stands for callers that are no tenants. */
  public static final TenantId NOBODY = new TenantId("-");

  /** An attempt of a caller. */
  public static Violation of(Caller caller, String method) {
    TenantId tenant = caller.id().flatMap(SpiffeId::tenant).orElse(NOBODY);
    return new Violation(tenant, caller.actor(), caller.address(), method);
  }

  /** Where violations are recorded; must not block, and must not fail. */
  public interface Recorder {
    void record(Violation violation);
  }
}
