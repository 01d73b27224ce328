package dev.cofferdam.gateway.batch;

/**
 * A file of lines.
 *
 * @param id its name for the mesh
 * @param output whether a job wrote it; else a tenant brought it
 * @param name its name for the tenant; content
 * @param bytes its length
 * @param createdMs milliseconds since the epoch
 * @param expiresMs when it is deleted
 */
public record StoredFile(
    String id, boolean output, String name, long bytes, long createdMs, long expiresMs) {}
