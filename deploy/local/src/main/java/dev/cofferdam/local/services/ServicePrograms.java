package dev.cofferdam.local.services;

import dev.cofferdam.local.process.StartFailedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What services are run from: copies of what was built, so that a build beside a running mesh does
 * not pull the classes from under it.
 *
 * @param repository root of the checkout
 * @param copies folder of the copies
 * @param launch what their processes run
 */
public record ServicePrograms(Path repository, Path copies, Launch launch) {
  /** Name of a service's AOT cache, beside its jars, for which alone it was made. */
  static final String AOT_CACHE = "app.aot";

  /** What a training run notes for {@link #AOT_CACHE}. */
  static final String AOT_RECORD = "app.aotconf";

  /** What a service's process runs. */
  public sealed interface Program {
    /** A few words for people. */
    String words();
  }

  /** A JVM. */
  record Jar(Path jar, List<String> aotFlags) implements Program {
    @Override
    public String words() {
      return aotFlags.stream().anyMatch(flag -> flag.startsWith("-XX:AOTCache"))
          ? " (AOT cache)"
          : "";
    }
  }

  /** A native executable. */
  record Executable(Path file) implements Program {
    @Override
    public String words() {
      return " (native)";
    }
  }

  /**
   * Looks for what every service is run from.
   *
   * @throws StartFailedException naming what is not built
   */
  public void check() {
    List<String> missing = new ArrayList<>();
    for (ServiceKind kind : ServiceKind.values()) {
      if (!Files.exists(app(kind).resolve("quarkus-run.jar"))) {
        missing.add(kind.module());
      }
    }
    if (!missing.isEmpty()) {
      throw new StartFailedException(
          "not built: " + String.join(", ", missing) + "; build with mvn -DskipTests install");
    }
    if (launch == Launch.NATIVE
        && Stream.of(ServiceKind.values()).allMatch(kind -> executable(kind).isEmpty())) {
      throw new StartFailedException(
          "no native executable is built, or each is older than its sources; build with"
              + " ./cofferdam native");
    }
  }

  /** Whether what these processes run is built for a service. */
  public boolean isBuilt(ServiceKind kind) {
    return switch (launch) {
      case JVM, RECORDING -> Files.exists(app(kind).resolve("quarkus-run.jar"));
      case CACHED -> Files.exists(app(kind).resolve(AOT_CACHE));
      case NATIVE -> executable(kind).isPresent();
    };
  }

  /** Copies what every service is run from, where it changed. */
  public void copy() {
    try {
      for (ServiceKind kind : ServiceKind.values()) {
        Mirror.make(app(kind), copies.resolve(kind.label()));
        Path copy = copyOfExecutable(kind);
        Optional<Path> built = launch == Launch.NATIVE ? executable(kind) : Optional.empty();
        if (built.isPresent() && !Mirror.isSame(built.get(), copy)) {
          Files.createDirectories(copy.getParent());
          Files.copy(
              built.get(),
              copy,
              StandardCopyOption.REPLACE_EXISTING,
              StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot copy native executables to " + copies, e);
    }
  }

  /** What a process runs, out of the copies. */
  public Program of(String process) {
    ServiceKind kind = ServiceKind.ofProcess(process);
    Path folder = copies.resolve(kind.label());
    Path jar = folder.resolve("quarkus-run.jar");
    Path cache = folder.resolve(AOT_CACHE);
    return switch (launch) {
      case NATIVE ->
          executable(kind).isPresent()
              ? new Executable(copyOfExecutable(kind))
              : new Jar(jar, cached(cache));
      case CACHED -> new Jar(jar, cached(cache));
      case JVM -> new Jar(jar, List.of());
      case RECORDING ->
          new Jar(
              jar,
              process.equals(recorded(kind))
                  ? List.of("-XX:AOTMode=record", "-XX:AOTConfiguration=" + record(kind))
                  : List.of());
    };
  }

  /** A cache that does not fit the JVM or the jars is not used, and nothing is said. */
  public static List<String> cached(Path cache) {
    return Files.exists(cache)
        ? List.of("-XX:AOTCache=" + cache, "-Xlog:aot*=off", "-Xlog:cds*=off")
        : List.of();
  }

  /** The process of a service that notes what an AOT cache is made of: the first, or only, one. */
  static String recorded(ServiceKind kind) {
    return kind == ServiceKind.WORKER ? "worker-1" : kind.label();
  }

  /** What a training run notes for a service, once its process has ended. */
  Path record(ServiceKind kind) {
    return copies.resolve(kind.label() + "." + AOT_RECORD);
  }

  Path app(ServiceKind kind) {
    return repository.resolve(kind.module()).resolve("target/quarkus-app");
  }

  private Path copyOfExecutable(ServiceKind kind) {
    return copies.resolve("native").resolve(kind.label());
  }

  /** A service's native executable, where it is built and no source is newer. */
  public Optional<Path> executable(ServiceKind kind) {
    Path target = repository.resolve(kind.module()).resolve("target");
    if (!Files.isDirectory(target)) {
      return Optional.empty();
    }
    try (Stream<Path> files = Files.list(target)) {
      Optional<Path> file =
          files
              .filter(path -> path.getFileName().toString().endsWith("-runner"))
              .filter(Files::isExecutable)
              .findFirst();
      return file.isPresent() && isOlder(kind, Files.getLastModifiedTime(file.get()))
          ? Optional.empty()
          : file;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot look into " + target, e);
    }
  }

  private boolean isOlder(ServiceKind kind, FileTime built) throws IOException {
    for (String module : List.of("proto", kind.module())) {
      Path folder = repository.resolve(module);
      try (Stream<Path> sources =
          Stream.concat(
              Stream.of(folder.resolve("pom.xml")), Files.walk(folder.resolve("src/main")))) {
        for (Path source : sources.filter(Files::isRegularFile).toList()) {
          if (Files.getLastModifiedTime(source).compareTo(built) > 0) {
            return true;
          }
        }
      }
    }
    return false;
  }
}
