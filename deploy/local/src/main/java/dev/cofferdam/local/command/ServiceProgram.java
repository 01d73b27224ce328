package dev.cofferdam.local.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** A program that lies on a service's class path, run in the terminal. */
final class ServiceProgram {
  private final Path repository;
  private final Path directory;
  private final String module;
  private final String program;

  private ServiceProgram(Path repository, Path directory, String module, String program) {
    this.repository = repository;
    this.directory = directory;
    this.module = module;
    this.program = program;
  }

  /**
   * Prints a model's logits.
   *
   * @param directory what relative paths of the command line refer to
   */
  static ServiceProgram logits(Path repository, Path directory) {
    return new ServiceProgram(
        repository, directory, "worker-svc", "dev.cofferdam.worker.app.Logits");
  }

  /** Signs a system prompt as public. */
  static ServiceProgram signPrefix(Path repository, Path directory) {
    return new ServiceProgram(
        repository, directory, "gateway-svc", "dev.cofferdam.gateway.app.SignPrefix");
  }

  /** Copies and verifies the audit log. */
  static ServiceProgram verifyAudit(Path repository, Path directory) {
    return new ServiceProgram(
        repository, directory, "audit-svc", "dev.cofferdam.audit.app.VerifyAudit");
  }

  int run(List<String> line) throws IOException, InterruptedException {
    List<Path> classPath = BenchArea.serviceClassPath(repository, module);
    if (classPath.isEmpty()) {
      throw new UsageException(module + " is not built; ./cofferdam up builds it");
    }
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:MaxRAMPercentage=75",
            "-XX:+UseParallelGC",
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
            "-cp",
            classPath.stream().map(Path::toString).collect(Collectors.joining(":")),
            program));
    command.addAll(line);
    Process process = new ProcessBuilder(command).directory(directory.toFile()).inheritIO().start();
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(process::destroy));
    return process.waitFor();
  }
}
