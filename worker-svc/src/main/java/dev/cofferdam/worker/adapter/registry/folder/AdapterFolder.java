package dev.cofferdam.worker.adapter.registry.folder;

import dev.cofferdam.worker.adapter.BadAdapterException;
import dev.cofferdam.worker.adapter.PeftAdapterReader;
import dev.cofferdam.worker.adapter.registry.AdapterFiles;
import dev.cofferdam.worker.adapter.registry.AdapterPath;
import dev.cofferdam.worker.adapter.registry.AdapterStore;
import dev.cofferdam.worker.model.ModelLoadException;
import dev.cofferdam.worker.model.StrictJson;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Adapters in folders below one root. Nothing outside of the root is ever read, wherever links
 * lead.
 */
public final class AdapterFolder implements AdapterStore {
  private final Path root;

  /**
   * @param root folder below which the adapters lie
   */
  public AdapterFolder(Path root) {
    this.root = root;
  }

  @Override
  public AdapterFiles read(AdapterPath path) {
    Path folder = root;
    for (String segment : path.segments()) {
      folder = folder.resolve(segment);
    }
    return new AdapterFiles(
        bytes(folder, PeftAdapterReader.CONFIG, AdapterFiles.CONFIG_BYTES_MAX),
        bytes(folder, PeftAdapterReader.WEIGHTS, AdapterFiles.WEIGHT_BYTES_MAX));
  }

  private byte[] bytes(Path folder, String name, int bytesMax) {
    try {
      Path real = folder.resolve(name).toRealPath();
      if (!real.startsWith(root.toRealPath())) {
        throw new BadAdapterException(name + ": outside of the root of the adapters");
      }
      return StrictJson.bytes(real, bytesMax);
    } catch (IOException e) {
      throw new BadAdapterException(name + ": missing", e);
    } catch (ModelLoadException e) {
      throw new BadAdapterException(e);
    }
  }
}
