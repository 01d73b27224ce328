package dev.cofferdam.verification;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;

/**
 * A disk of adapters, which may break: a copy of the samples, apart from the repository's own and
 * from other disks.
 *
 * @param root folder of the adapters' folders
 */
public record AdapterDisk(Path root) {
  private static final String CONFIG = "adapter_config.json";
  private static final String WEIGHTS = "adapter_model.safetensors";

  /** That of the gateway and the first worker. */
  public static final AdapterDisk COMMON = of("adapters");

  /** That of the second worker, which has it to itself. */
  public static final AdapterDisk OF_WORKER_2 = of("adapters-of-worker-2");

  private static AdapterDisk of(String name) {
    Path root = Mesh.repository().resolve("verification/target").resolve(name);
    AdapterDisk disk = new AdapterDisk(root);
    for (String sample : List.of("harbor-books", "nordic-parcel", "pixel-pirates")) {
      disk.put(sample, sample);
    }
    return disk;
  }

  /** What tells a worker that this is its disk. */
  Map<String, String> ofWorker() {
    return Map.of("cofferdam.worker.adapters-root", root.toString());
  }

  /** What tells the gateway. */
  Map<String, String> ofGateway() {
    return Map.of("cofferdam.adapters.root", root.toString());
  }

  /**
   * Writes a sample's files into a folder, whatever is there. Each folder has a version of its own:
   * spaces behind the settings make it.
   */
  public void put(String sample, String folder) {
    Path from = Mesh.repository().resolve("models/adapters").resolve(sample);
    try {
      Path to = Files.createDirectories(root.resolve(folder));
      Files.copy(from.resolve(WEIGHTS), to.resolve(WEIGHTS), StandardCopyOption.REPLACE_EXISTING);
      String spaces = folder.equals(sample) ? "" : " ".repeat(folder.hashCode() & 0x3fff);
      Files.writeString(to.resolve(CONFIG), Files.readString(from.resolve(CONFIG)) + spaces);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Damages the weights in a folder. */
  public void damage(String folder) {
    try {
      Files.write(root.resolve(folder).resolve(WEIGHTS), new byte[1_024]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
