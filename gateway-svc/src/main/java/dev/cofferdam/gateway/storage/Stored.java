package dev.cofferdam.gateway.storage;

import java.util.Map;

/**
 * What a tenant keeps.
 *
 * @param database id of the database
 * @param bytes by what is kept: "documents" as they were put, "requests" as they are sealed,
 *     "files" of batches as they were put
 */
public record Stored(String database, Map<String, Long> bytes) {
  public Stored {
    bytes = Map.copyOf(bytes);
  }
}
