package dev.cofferdam.local.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Prints a model's logits: the worker's program for it, on the worker's class path. */
final class LogitsCommand {
  private static final String PROGRAM = "dev.cofferdam.worker.app.Logits";

  private final Path repository;
  private final Path directory;

  /**
   * @param directory what relative paths of the command line refer to
   */
  LogitsCommand(Path repository, Path directory) {
    this.repository = repository;
    this.directory = directory;
  }

  int run(List<String> line) throws IOException, InterruptedException {
    List<Path> classPath = BenchArea.serviceClassPath(repository, "worker-svc");
    if (classPath.isEmpty()) {
      throw new UsageException("the worker is not built; ./cofferdam up builds it");
    }
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:MaxRAMPercentage=75",
            "-XX:+UseParallelGC",
            "--add-modules=jdk.incubator.vector",
            "-cp",
            classPath.stream().map(Path::toString).collect(Collectors.joining(":")),
            PROGRAM));
    command.addAll(line);
    Process process = new ProcessBuilder(command).directory(directory.toFile()).inheritIO().start();
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(process::destroy));
    return process.waitFor();
  }
}
