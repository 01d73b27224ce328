package dev.cofferdam.worker.adapter.registry.disk;

import dev.cofferdam.worker.adapter.registry.AdapterCache;
import dev.cofferdam.worker.adapter.registry.AdapterFiles;
import dev.cofferdam.worker.adapter.registry.AdapterPath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Files of adapters in a folder that is this worker's alone, each sealed by {@link Seal}; together
 * never more than so many bytes. The least recently used one makes room; of a pinned adapter, the
 * version that was used last stays. What was torn, altered or sealed with another key is deleted
 * and counts as not there. A disk that fails costs a fetch, never a request.
 */
public final class SealedAdapters implements AdapterCache {
  private static final String SEALED = ".sealed";
  private static final String PARTIAL = ".partial";

  private final Path folder;
  private final long bytesMax;
  private final Seal seal;

  /** Names of pinned paths in file names. */
  private final Set<String> pinned;

  /** Bytes by file name, the least recently used first. */
  private final Map<String, Long> sizes = new LinkedHashMap<>(16, 0.75f, true);

  /** The file of a pinned path that was used last. */
  private final Map<String, String> latest = new HashMap<>();

  private long bytes;
  private int partials;

  /**
   * Opens a folder, made if it is not there, and takes over what a run with the same key left.
   *
   * @param pinned paths of adapters that stay
   * @throws IOException when the folder cannot be made or listed
   */
  public SealedAdapters(Path folder, long bytesMax, Seal seal, Set<String> pinned)
      throws IOException {
    this.folder = folder;
    this.bytesMax = bytesMax;
    this.seal = seal;
    this.pinned = pinned.stream().map(seal::name).collect(Collectors.toUnmodifiableSet());
    Files.createDirectories(folder);
    List<Path> files = new ArrayList<>();
    try (Stream<Path> listed = Files.list(folder)) {
      listed.filter(Files::isRegularFile).forEach(files::add);
    }
    Map<Path, FileTime> used = new HashMap<>();
    for (Path file : files) {
      used.put(file, Files.getLastModifiedTime(file));
    }
    files.sort(Comparator.comparing(used::get));
    for (Path file : files) {
      String name = file.getFileName().toString();
      if (name.endsWith(SEALED) && seal.made(file)) {
        add(name, Files.size(file));
      } else if (name.endsWith(SEALED) || name.endsWith(PARTIAL)) {
        Files.deleteIfExists(file);
      }
    }
    makeRoom(0);
  }

  @Override
  public Optional<AdapterFiles> find(AdapterPath path, String version) {
    String name = fileName(path, version);
    synchronized (this) {
      if (sizes.get(name) == null) {
        return Optional.empty();
      }
      use(name);
    }
    Path file = folder.resolve(name);
    try {
      Optional<AdapterFiles> opened = seal.open(file, context(path, version));
      if (opened.isPresent()) {
        Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
        return opened;
      }
    } catch (IOException e) {
      // As good as gone.
    }
    drop(name);
    return Optional.empty();
  }

  @Override
  public void keep(AdapterPath path, String version, AdapterFiles files) {
    String name = fileName(path, version);
    long size = Seal.sizeOf(files);
    if (size > bytesMax) {
      return;
    }
    Path partial;
    synchronized (this) {
      partial = folder.resolve(name + "." + partials++ + PARTIAL);
    }
    try {
      seal.write(partial, context(path, version), files);
      synchronized (this) {
        forget(name);
        if (makeRoom(size)) {
          Files.move(partial, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
          add(name, size);
        }
      }
    } catch (IOException e) {
      // Not kept.
    } finally {
      delete(partial);
    }
  }

  /** Bytes of all files. */
  public synchronized long bytes() {
    return bytes;
  }

  private String fileName(AdapterPath path, String version) {
    return seal.name(path.toString()) + "-" + seal.name(context(path, version)) + SEALED;
  }

  private static String context(AdapterPath path, String version) {
    return path + "@" + version;
  }

  private synchronized void add(String name, long size) {
    sizes.put(name, size);
    bytes += size;
    use(name);
  }

  private void use(String name) {
    if (pinned.contains(pathOf(name))) {
      latest.put(pathOf(name), name);
    }
  }

  private static String pathOf(String name) {
    return name.substring(0, name.indexOf('-'));
  }

  private void forget(String name) {
    Long size = sizes.remove(name);
    if (size != null) {
      bytes -= size;
    }
    latest.remove(pathOf(name), name);
  }

  private synchronized void drop(String name) {
    forget(name);
    delete(folder.resolve(name));
  }

  /** Whether there is room for so many bytes now. */
  private synchronized boolean makeRoom(long size) {
    Iterator<Map.Entry<String, Long>> entries = sizes.entrySet().iterator();
    while (bytes + size > bytesMax && entries.hasNext()) {
      Map.Entry<String, Long> entry = entries.next();
      if (!latest.containsValue(entry.getKey())) {
        entries.remove();
        bytes -= entry.getValue();
        delete(folder.resolve(entry.getKey()));
      }
    }
    return bytes + size <= bytesMax;
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // It stays, unreadable to all but this key, until the folder is opened again.
    }
  }
}
