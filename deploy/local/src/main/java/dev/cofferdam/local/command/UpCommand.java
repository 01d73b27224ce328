package dev.cofferdam.local.command;

import dev.cofferdam.local.LocalMesh;
import dev.cofferdam.local.LocalOptions;
import dev.cofferdam.local.SampleTenant;
import dev.cofferdam.local.StateFiles;
import dev.cofferdam.local.demo.Demonstration;
import dev.cofferdam.local.process.ManagedProcess;
import dev.cofferdam.local.services.Launch;
import dev.cofferdam.local.services.ServiceKind;
import dev.cofferdam.local.trace.TraceFiles;
import java.io.IOException;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;

/** Starts the mesh and stays, or leaves it in the background. */
final class UpCommand {
  private static final Set<String> FLAGS =
      Set.of("--detach", "--no-demo", "--native", "--in-background");
  private static final Set<String> VALUES =
      Set.of("--port-base", "--port", "--redis", "--workers", "--set");
  private static final String DONE = "up.done";

  private final Path repository;
  private final StateFiles files;
  private final PrintStream out;

  UpCommand(Path repository, StateFiles files, PrintStream out) {
    this.repository = repository;
    this.files = files;
    this.out = out;
  }

  int run(List<String> line) throws Exception {
    Arguments arguments = Arguments.parse(line, FLAGS, VALUES);
    if (!arguments.words().isEmpty()) {
      throw new UsageException("up takes no " + arguments.words().get(0));
    }
    LocalOptions options = options(arguments);
    return arguments.has("--detach") ? detach(line) : serve(arguments, options);
  }

  private LocalOptions options(Arguments arguments) {
    int workers =
        arguments.value("--workers").map(v -> Arguments.number("--workers", v, 1, 8)).orElse(2);
    List<String> names = LocalMesh.portNames(workers);
    Map<String, Integer> ports = new HashMap<>();
    arguments
        .value("--port-base")
        .ifPresent(
            text -> {
              int base = Arguments.number("--port-base", text, 1_024, 65_000);
              for (int i = 0; i < names.size(); i++) {
                ports.put(names.get(i), base + i);
              }
            });
    for (String given : arguments.all("--port")) {
      String[] parts = given.split("=", 2);
      if (parts.length != 2 || !names.contains(parts[0])) {
        throw new UsageException("--port: " + given + " (expected: NAME=N, names: " + names + ")");
      }
      ports.put(parts[0], Arguments.number("--port " + parts[0], parts[1], 1, 65_535));
    }
    return new LocalOptions(
        repository,
        repository.resolve("models"),
        List.of(),
        files.folder().resolve("binaries"),
        ports,
        arguments.value("--redis").map(Path::of),
        workers,
        settings(arguments.all("--set"), workers),
        false,
        arguments.has("--native") ? Launch.NATIVE : Launch.chosen(),
        out::println);
  }

  /**
   * Settings of processes, by their names.
   *
   * @param given each {@code NAME:KEY=VALUE}, where a service's name means all of its processes
   */
  static Map<String, Map<String, String>> settings(List<String> given, int workers) {
    List<String> processes = ServiceKind.processes(workers);
    Map<String, Map<String, String>> settings = new HashMap<>();
    for (String text : given) {
      int colon = text.indexOf(':');
      int equals = text.indexOf('=', colon + 1);
      String name = text.substring(0, Math.max(0, colon));
      List<String> meant =
          processes.stream()
              .filter(p -> p.equals(name) || ServiceKind.ofProcess(p).label().equals(name))
              .toList();
      if (meant.isEmpty() || equals <= colon + 1) {
        throw new UsageException(
            "--set: "
                + text
                + " (expected: NAME:KEY=VALUE, names: a service's or "
                + processes
                + ")");
      }
      for (String process : meant) {
        settings
            .computeIfAbsent(process, p -> new HashMap<>())
            .put(text.substring(colon + 1, equals), text.substring(equals + 1));
      }
    }
    return settings;
  }

  private int serve(Arguments arguments, LocalOptions options) throws Exception {
    long began = System.nanoTime();
    out.println("Starting the mesh in " + files.folder());
    LocalMesh mesh = LocalMesh.startServing(files.folder(), options);
    CountDownLatch end = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .unstarted(
                    () -> {
                      out.println("Stopping the mesh");
                      mesh.stop();
                      out.println("Stopped");
                      end.countDown();
                    }));
    serves("The mesh", began);
    boolean shown = arguments.has("--no-demo") || demonstrate(mesh);
    out.println();
    mesh.startOthers();
    serves("Everything", began);
    out.println("REST  " + mesh.endpoints().rest() + "   gRPC  " + mesh.endpoints().grpc());
    out.println(
        "Keys, addresses and the authority: "
            + files.folder()
            + "/{tenants.json,endpoints.json,ca.pem}");
    if (arguments.has("--in-background")) {
      out.println("It runs in the background; ./cofferdam down ends it.");
      Files.writeString(files.folder().resolve(DONE), shown ? "ok" : "failed");
    } else {
      out.println("Ctrl-C ends it.");
    }
    end.await();
    return 0;
  }

  private void serves(String what, long beganNanos) {
    double seconds = (System.nanoTime() - beganNanos) / 1e9;
    out.printf(Locale.ROOT, "%s serves after %.1f s%n", what, seconds);
  }

  /**
   * A mesh that serves stays up although its first answer failed: there is something to look at.
   */
  private boolean demonstrate(LocalMesh mesh) throws InterruptedException {
    List<SampleTenant> tenants = mesh.tenants();
    try {
      new Demonstration(
              mesh.endpoints(),
              files.authority(),
              mesh.operator(),
              new TraceFiles(files.traces()),
              out)
          .run(tenants.get(0), tenants.get(1));
      return true;
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      out.println();
      out.println("The first answer failed: " + e);
      out.println("Logs: " + files.folder().resolve("logs"));
      return false;
    }
  }

  /**
   * Starts this program again in a session of its own, and follows what it says until it serves.
   */
  private int detach(List<String> line) throws IOException, InterruptedException {
    Files.createDirectories(files.folder().resolve("logs"));
    Path done = files.folder().resolve(DONE);
    Files.deleteIfExists(done);
    Path log = files.log("launcher");
    Files.deleteIfExists(log);
    Files.createFile(log);
    Process process =
        new ProcessBuilder(background(line))
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    long seen = 0;
    while (true) {
      boolean ended = !process.isAlive();
      boolean serves = Files.exists(done);
      seen = copy(log, seen);
      if (ended) {
        return process.exitValue() == 0 ? 1 : process.exitValue();
      }
      if (serves) {
        return Files.readString(done).equals("ok") ? 0 : 1;
      }
      Thread.sleep(100);
    }
  }

  private List<String> background(List<String> line) {
    List<String> command = new ArrayList<>();
    Optional<Path> setsid = ManagedProcess.onPath("setsid");
    setsid.ifPresent(path -> command.add(path.toString()));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), Main.class.getName(), "up"));
    line.stream().filter(word -> !word.equals("--detach")).forEach(command::add);
    command.add("--in-background");
    return command;
  }

  private long copy(Path log, long from) throws IOException {
    try (RandomAccessFile in = new RandomAccessFile(log.toFile(), "r")) {
      long length = in.length();
      if (length > from) {
        byte[] bytes = new byte[(int) (length - from)];
        in.seek(from);
        in.readFully(bytes);
        out.print(new String(bytes, StandardCharsets.UTF_8));
        out.flush();
      }
      return length;
    }
  }
}
