package dev.cofferdam.worker.adapter.registry;

import dev.cofferdam.worker.adapter.BadAdapterException;
import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.PeftAdapterReader;
import dev.cofferdam.worker.model.ModelConfig;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Adapters by path and version. Files, wherever they come from, are used only when their digest is
 * the version that was authorised.
 */
public final class AdapterRegistry {
  private static final Pattern VERSION = Pattern.compile("[0-9a-f]{64}");

  private final AdapterStore store;
  private final AdapterCache cache;
  private final PeftAdapterReader reader;

  /**
   * @param cache asked before the store
   * @param model the model that they are for
   */
  public AdapterRegistry(AdapterStore store, AdapterCache cache, ModelConfig model) {
    this.store = store;
    this.cache = cache;
    this.reader = new PeftAdapterReader(model);
  }

  /**
   * Loads an adapter.
   *
   * @param folder its path below the store's root, segments separated by {@code /}
   * @param expectedVersion the version that was authorised, 64 hexadecimal digits
   * @throws BadAdapterException when it is missing, malformed, does not fit the model, or is
   *     another version
   * @throws dev.cofferdam.worker.adapter.AdapterUnavailableException when it cannot be fetched now
   */
  public LoraAdapter load(String folder, String expectedVersion) {
    if (!VERSION.matcher(expectedVersion).matches()) {
      throw new BadAdapterException("version: not 64 hexadecimal digits");
    }
    AdapterPath path = AdapterPath.of(folder);
    Optional<AdapterFiles> kept =
        cache.find(path, expectedVersion).filter(files -> isVersion(files, expectedVersion));
    AdapterFiles files = kept.orElseGet(() -> fetch(path, expectedVersion));
    return reader.read(path.name(), files.config(), files.weights());
  }

  private AdapterFiles fetch(AdapterPath path, String version) {
    AdapterFiles files = store.read(path);
    if (!isVersion(files, version)) {
      throw new BadAdapterException(
          "version: the adapter's files are not those of the version asked for");
    }
    cache.keep(path, version, files);
    return files;
  }

  private static boolean isVersion(AdapterFiles files, String version) {
    return MessageDigest.isEqual(
        files.version().getBytes(StandardCharsets.US_ASCII),
        version.getBytes(StandardCharsets.US_ASCII));
  }
}
