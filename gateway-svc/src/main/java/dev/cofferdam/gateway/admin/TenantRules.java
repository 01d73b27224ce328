package dev.cofferdam.gateway.admin;

import dev.cofferdam.proto.admin.v1.Tenant;

/** What a gateway asks of tenants' records beyond their form: that it can do what they say. */
public interface TenantRules {
  /** Asks nothing. */
  TenantRules NONE = (problems, tenant) -> {};

  /** Notes what the record asks for and cannot be had, by the field's name. */
  void check(Problems problems, Tenant tenant);
}
