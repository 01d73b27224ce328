package dev.cofferdam.local;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a mesh writes into its folder for others to read. Files are replaced as a whole and readable
 * by their owner only.
 */
public final class StateFiles {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final Path folder;

  public StateFiles(Path folder) {
    this.folder = folder.toAbsolutePath().normalize();
  }

  /**
   * What runs.
   *
   * @param launcher the launcher
   * @param processes the mesh's processes by name
   * @param state "starting", "ready", "failed"
   */
  public record Running(Identity launcher, Map<String, Identity> processes, String state) {
    public Running {
      processes = Map.copyOf(processes);
    }
  }

  /**
   * A process, so that another one that got its id later is not taken for it.
   *
   * @param pid process id
   * @param startedMs milliseconds since the epoch
   */
  public record Identity(long pid, long startedMs) {
    /** The identity of a process that runs. */
    public static Identity of(ProcessHandle handle) {
      return new Identity(
          handle.pid(),
          handle.info().startInstant().map(java.time.Instant::toEpochMilli).orElse(0L));
    }

    /** The process, if it still runs. */
    public Optional<ProcessHandle> find() {
      return ProcessHandle.of(pid).filter(handle -> handle.isAlive() && of(handle).equals(this));
    }
  }

  /** The folder. */
  public Path folder() {
    return folder;
  }

  /** A log. */
  public Path log(String name) {
    return folder.resolve("logs").resolve(name + ".log");
  }

  /** Spans. */
  public Path traces() {
    return folder.resolve("traces");
  }

  /** The authority's certificate. */
  public Path authority() {
    return folder.resolve("ca.pem");
  }

  /** Remembered ports. */
  public Map<String, Integer> ports() {
    return read("ports.json", new TypeReference<Map<String, Integer>>() {}).orElse(Map.of());
  }

  /** Remembers ports. */
  public void ports(Map<String, Integer> ports) {
    write("ports.json", ports);
  }

  /** Sample tenants of this or an earlier start. */
  public List<SampleTenant> tenants() {
    return read("tenants.json", new TypeReference<List<SampleTenant>>() {}).orElse(List.of());
  }

  /** Writes {@code tenants.json}. */
  public void tenants(List<SampleTenant> tenants) {
    write("tenants.json", tenants);
  }

  /** Where the mesh is. */
  public Optional<Endpoints> endpoints() {
    return read("endpoints.json", new TypeReference<Endpoints>() {});
  }

  /** Writes {@code endpoints.json}. */
  public void endpoints(Endpoints endpoints) {
    write("endpoints.json", endpoints);
  }

  /** What runs. */
  public Optional<Running> running() {
    return read("processes.json", new TypeReference<Running>() {});
  }

  /** Writes what runs. */
  public synchronized void running(Running running) {
    write("processes.json", running);
  }

  /** Nothing runs. */
  public synchronized void forgetRunning() {
    try {
      Files.deleteIfExists(folder.resolve("processes.json"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private <T> Optional<T> read(String name, TypeReference<T> type) {
    Path file = folder.resolve(name);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readValue(file.toFile(), type));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file + "; remove it and try again", e);
    }
  }

  private void write(String name, Object value) {
    Path file = folder.resolve(name);
    try {
      Path next = Files.createTempFile(folder, name, ".next");
      Files.setPosixFilePermissions(next, PosixFilePermissions.fromString("rw-------"));
      Files.write(next, JSON.writeValueAsBytes(value));
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file, e);
    }
  }
}
