package dev.cofferdam.local.command;

import dev.cofferdam.local.LocalMesh;
import dev.cofferdam.local.LocalOptions;
import dev.cofferdam.local.SampleTenant;
import dev.cofferdam.local.StateFiles;
import dev.cofferdam.local.demo.Demonstration;
import dev.cofferdam.local.services.AotTraining;
import dev.cofferdam.local.services.Launch;
import dev.cofferdam.local.services.ServiceKind;
import dev.cofferdam.local.services.ServicePrograms;
import dev.cofferdam.local.trace.TraceFiles;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Makes an AOT cache for each service, for the broker and for this program: a mesh of its own
 * answers the requests that {@code up} shows, which is what the caches hold, and ends.
 */
final class AotCommand {
  private static final int ROUNDS = 3;

  /** A JVM that has noted what it used writes it down before it ends. */
  private static final long WRITE_WAIT_MS = 120_000;

  private final Path repository;
  private final StateFiles files;
  private final PrintStream out;

  AotCommand(Path repository, StateFiles files, PrintStream out) {
    this.repository = repository;
    this.files = files;
    this.out = out;
  }

  int run(List<String> line) throws Exception {
    if (!Arguments.parse(line, Set.of(), Set.of()).words().isEmpty()) {
      throw new UsageException("aot takes nothing");
    }
    Path state = files.folder().resolve("aot");
    Path copies = state.resolve("apps");
    out.println("Training run in " + state);
    train(state);
    AotTraining training =
        new AotTraining(
            new ServicePrograms(repository, copies, Launch.RECORDING),
            Path.of(System.getProperty("java.home"), "bin", "java"));
    for (ServiceKind kind : ServiceKind.values()) {
      long began = System.nanoTime();
      Path cache = training.makeCache(kind);
      out.printf(
          Locale.ROOT,
          "  %-13s %6.2f s  %d MB, %s%n",
          kind.label(),
          (System.nanoTime() - began) / 1e9,
          Files.size(cache) / 1_000_000,
          repository.relativize(cache));
    }
    return 0;
  }

  private void train(Path state) throws Exception {
    LocalOptions options =
        LocalOptions.of(repository).withLaunch(Launch.RECORDING).withProgress(out::println);
    PrintStream nobody = new PrintStream(OutputStream.nullOutputStream());
    try (LocalMesh mesh = LocalMesh.start(state, options)) {
      List<SampleTenant> tenants = mesh.tenants();
      for (int i = 0; i < ROUNDS; i++) {
        new Demonstration(
                mesh.endpoints(),
                mesh.files().authority(),
                mesh.operator(),
                new TraceFiles(mesh.files().traces()),
                nobody)
            .run(tenants.get(0), tenants.get(1));
      }
      for (String process : AotTraining.processes().reversed()) {
        mesh.process(process).stop(WRITE_WAIT_MS);
      }
      mesh.process("kafka").stop(WRITE_WAIT_MS);
    }
  }
}
