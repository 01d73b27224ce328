package dev.cofferdam.local.services;

import dev.cofferdam.local.process.StartFailedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes AOT caches (JEP 483, 514, 515): classes as loaded and linked, and profiles of methods, of
 * what a training run used. A cache lies beside the jars that it was made for, so that the next
 * build removes it with them.
 */
public final class AotTraining {
  private static final int MESSAGE_CHARS_MAX = 4_000;

  private final ServicePrograms programs;
  private final Path java;

  /**
   * @param programs what the training run's services were run from
   * @param java the JVM that will use the caches
   */
  public AotTraining(ServicePrograms programs, Path java) {
    this.programs = programs;
    this.java = java;
  }

  /** The processes of a mesh that note something; each writes it down when it ends. */
  public static List<String> processes() {
    List<String> names = new ArrayList<>();
    for (ServiceKind kind : ServiceKind.values()) {
      names.add(ServicePrograms.recorded(kind));
    }
    return names;
  }

  /**
   * Makes the cache of a service whose process has ended.
   *
   * @return where it lies
   * @throws StartFailedException where the process noted nothing, or the JVM makes no cache of it
   */
  public Path makeCache(ServiceKind kind) throws IOException, InterruptedException {
    Path record = programs.record(kind);
    if (!Files.exists(record) || Files.size(record) == 0) {
      throw new StartFailedException(
          kind.label() + " noted nothing in its training run: no " + record);
    }
    Path cache = programs.app(kind).resolve(ServicePrograms.AOT_CACHE);
    Path next = record.resolveSibling(kind.label() + "." + ServicePrograms.AOT_CACHE);
    Path jar = programs.copies().resolve(kind.label()).resolve("quarkus-run.jar");
    Path log = record.resolveSibling(kind.label() + ".aot.log");
    int status =
        new ProcessBuilder(ServiceProcess.cacheCommand(java, kind, jar, record, next))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start()
            .waitFor();
    if (status != 0 || !Files.exists(next)) {
      String said = Files.readString(log);
      throw new StartFailedException(
          "no AOT cache of "
              + kind.label()
              + " (status "
              + status
              + "): "
              + said.substring(0, Math.min(said.length(), MESSAGE_CHARS_MAX)));
    }
    Files.move(next, cache, StandardCopyOption.REPLACE_EXISTING);
    Files.delete(record);
    return cache;
  }
}
