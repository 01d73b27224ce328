package dev.cofferdam.gateway.tenancy;

import dev.cofferdam.vocabulary.TenantId;

/**
 * A tenant's adapter.
 *
 * @param tenant its owner
 * @param name name in requests
 * @param model base model
 * @param version digest over its files, 64 hexadecimal digits
 */
public record AdapterEntry(TenantId tenant, String name, String model, String version) {}
