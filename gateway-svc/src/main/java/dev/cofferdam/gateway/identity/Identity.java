package dev.cofferdam.gateway.identity;

import dev.cofferdam.vocabulary.TenantProfile;

/**
 * Who makes a request, proven.
 *
 * @param tenant the tenant, with its limits
 * @param actor "key:&lt;key id&gt;", or the URI of a certificate
 * @param keyId the API key's public part, empty where none was used
 */
public record Identity(TenantProfile tenant, String actor, String keyId) {}
