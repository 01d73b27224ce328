package dev.cofferdam.local;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * How a mesh is started.
 *
 * @param repository root of the checkout, where the services were built and the models lie
 * @param binaries where the programs of Redis and PostgreSQL are unpacked; may be shared by meshes
 * @param ports given ports by name; the others are chosen
 * @param redis a Redis program to use instead of the one that would be chosen
 * @param workers number of workers, 1 to 8
 * @param progress told what happens
 */
public record LocalOptions(
    Path repository,
    Path binaries,
    Map<String, Integer> ports,
    Optional<Path> redis,
    int workers,
    Progress progress) {
  public LocalOptions {
    ports = Map.copyOf(ports);
    if (workers < 1 || workers > 8) {
      throw new IllegalArgumentException("workers: " + workers + " (expected: 1 to 8)");
    }
  }

  /** Two workers, free ports, and no word about it. */
  public static LocalOptions of(Path repository) {
    return new LocalOptions(
        repository,
        repository.resolve(".local/binaries"),
        Map.of(),
        Optional.empty(),
        2,
        line -> {});
  }

  /** These options with another listener. */
  public LocalOptions withProgress(Progress listener) {
    return new LocalOptions(repository, binaries, ports, redis, workers, listener);
  }
}
