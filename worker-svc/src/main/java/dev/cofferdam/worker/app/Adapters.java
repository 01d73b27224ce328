package dev.cofferdam.worker.app;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.registry.AdapterCache;
import dev.cofferdam.worker.adapter.registry.AdapterRegistry;
import dev.cofferdam.worker.adapter.registry.AdapterStore;
import dev.cofferdam.worker.adapter.registry.disk.Seal;
import dev.cofferdam.worker.adapter.registry.disk.SealedAdapters;
import dev.cofferdam.worker.adapter.registry.folder.AdapterFolder;
import dev.cofferdam.worker.adapter.registry.s3.S3Adapters;
import dev.cofferdam.worker.adapter.registry.s3.S3Settings;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.serving.AdapterShelf;
import dev.cofferdam.worker.serving.AdapterSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * The tiers of adapters as configured: host memory, disk, store.
 *
 * @param shelf the first of them
 * @param close lets go of the last
 */
record Adapters(AdapterShelf shelf, Runnable close) {

  /**
   * Wires the tiers; nothing is fetched yet.
   *
   * @param models geometry of the models that the adapters may be for, by id
   * @param prepare run with the model's id and an adapter, on the thread of each request that asks
   *     for it
   * @throws IllegalArgumentException when the configuration names no store, or two
   */
  static Adapters open(
      WorkerConfig.Worker worker,
      Map<String, ModelConfig> models,
      BiConsumer<String, LoraAdapter> prepare) {
    WorkerConfig.Adapters config = worker.adapters();
    if (worker.adaptersRoot().isPresent() == config.s3().bucket().isPresent()) {
      throw new IllegalArgumentException(
          "cofferdam.worker.adapters-root, cofferdam.worker.adapters.s3.bucket"
              + " (expected: exactly one of them)");
    }
    Set<String> pinned = config.pinned().orElse(Set.of());
    AdapterCache cache =
        config
            .cache()
            .folder()
            .map(folder -> cache(folder, config.cache(), pinned))
            .orElse(AdapterCache.NONE);
    Optional<S3Adapters> s3 = config.s3().bucket().map(bucket -> s3(bucket, config.s3()));
    AdapterStore store =
        s3.<AdapterStore>map(bucket -> bucket)
            .orElseGet(() -> new AdapterFolder(worker.adaptersRoot().orElseThrow()));
    Map<String, AdapterRegistry> registries = new HashMap<>();
    models.forEach((id, model) -> registries.put(id, new AdapterRegistry(store, cache, model)));
    return new Adapters(
        new AdapterShelf(
            new AdapterSource() {
              @Override
              public LoraAdapter load(String model, String folder, String version) {
                return Objects.requireNonNull(registries.get(model), model).load(folder, version);
              }

              @Override
              public void prepare(String model, LoraAdapter adapter) {
                prepare.accept(model, adapter);
              }
            },
            config.memoryBytesMax(),
            pinned),
        () -> s3.ifPresent(S3Adapters::close));
  }

  private static S3Adapters s3(String bucket, WorkerConfig.S3 config) {
    if (config.accessKeyId().isPresent() != config.secretAccessKey().isPresent()) {
      throw new IllegalArgumentException(
          "cofferdam.worker.adapters.s3.access-key-id, secret-access-key"
              + " (expected: both or neither)");
    }
    return new S3Adapters(
        new S3Settings(
            bucket,
            config.prefix().orElse(""),
            config.region(),
            config.endpoint(),
            config.pathStyle(),
            config
                .accessKeyId()
                .map(id -> new S3Settings.Credentials(id, config.secretAccessKey().orElseThrow())),
            config.attemptsMax(),
            Duration.ofMillis(config.backoffMsMax()),
            Duration.ofMillis(config.timeoutMs())));
  }

  private static AdapterCache cache(Path folder, WorkerConfig.Cache config, Set<String> pinned) {
    try {
      Optional<Path> keyFile = config.keyFile();
      Seal seal = keyFile.isPresent() ? Seal.of(keyFile.get()) : Seal.ofProcess();
      return new SealedAdapters(folder, config.bytesMax(), seal, pinned);
    } catch (IOException e) {
      throw new UncheckedIOException("cofferdam.worker.adapters.cache", e);
    }
  }
}
