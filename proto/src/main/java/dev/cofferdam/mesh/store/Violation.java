package dev.cofferdam.mesh.store;

import dev.cofferdam.vocabulary.TenantId;

/**
 * An attempt of a tenant to see another one's rows.
 *
 * @param tenant who asked, by certificate
 * @param actor the certificate's identity
 * @param address the peer's address
 * @param method what was called
 */
public record Violation(TenantId tenant, String actor, String address, String method) {
  /** Where violations are recorded; must not block, and must not fail. */
  public interface Recorder {
    void record(Violation violation);
  }
}
