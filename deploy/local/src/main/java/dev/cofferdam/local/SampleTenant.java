package dev.cofferdam.local;

/**
 * A tenant with a key; an entry of {@code tenants.json}.
 *
 * @param tenant its id
 * @param tier its tier, in lower case
 * @param apiKey an API key that is in force
 * @param model the model
 * @param adapter its adapter for that model
 * @param certificate PEM file of its client certificate
 * @param key PEM file of the certificate's key
 */
public record SampleTenant(
    String tenant,
    String tier,
    @com.fasterxml.jackson.annotation.JsonProperty("api_key") String apiKey,
    String model,
    String adapter,
    String certificate,
    String key) {}
