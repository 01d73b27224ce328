package dev.cofferdam.worker.residency;

import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.kvcache.PublicPrefix;
import java.util.List;

/**
 * A model that a worker may serve, in memory or not.
 *
 * @param id model id
 * @param digest digest of its files
 * @param geometry shape of it and of its KV pool
 * @param bytes what it takes in memory: weights as they are kept, and its KV pool
 * @param publicPrefixes beginnings of prompts that an operator signed as public for it
 */
public record ServedModel(
    String id,
    String digest,
    ExecutorGeometry geometry,
    long bytes,
    List<PublicPrefix> publicPrefixes) {
  public ServedModel {
    publicPrefixes = List.copyOf(publicPrefixes);
  }
}
