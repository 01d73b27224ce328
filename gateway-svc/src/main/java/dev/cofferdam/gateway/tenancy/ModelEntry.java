package dev.cofferdam.gateway.tenancy;

/**
 * A model that the mesh serves.
 *
 * @param id id in requests
 * @param folder folder below the model root
 * @param digest SHA-256 over the folder's files, 64 hexadecimal digits; empty where the record has
 *     none
 * @param contextTokensMax largest sum of input and output tokens
 * @param kvBytesPerToken KV bytes of one token; 0: not known
 * @param restricted only tenants that name it may use it
 * @param createdEpochS seconds since the epoch of its registration
 */
public record ModelEntry(
    String id,
    String folder,
    String digest,
    int contextTokensMax,
    long kvBytesPerToken,
    boolean restricted,
    long createdEpochS) {}
