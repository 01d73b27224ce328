package dev.cofferdam.gateway.admin;

import dev.cofferdam.vocabulary.TenantId;

/** What is kept for tenants beside their configuration. */
public interface TenantContents {
  /** Nothing is kept. */
  TenantContents NONE = tenant -> {};

  /**
   * Erases whatever is kept for a tenant; again without harm.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException DEPENDENCY_UNAVAILABLE where that cannot be
   *     done now
   */
  void erase(TenantId tenant);
}
