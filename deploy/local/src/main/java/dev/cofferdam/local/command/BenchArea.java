package dev.cofferdam.local.command;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/** What can be measured; each area is a program of a module, run on that module's class path. */
enum BenchArea {
  /** The bare engine: prefill and decode on the CPU. */
  ENGINE("worker-svc", "dev.cofferdam.worker.app.bench.EngineBench", Needs.MODEL),
  /** The bare engine on a CUDA device. */
  GPU("worker-svc", "dev.cofferdam.worker.app.bench.GpuBench", Needs.NOTHING),
  /** The limiter, the authenticator, the tokeniser; then what the whole gateway costs. */
  GATEWAY("gateway-svc", "dev.cofferdam.gateway.app.GatewayBench", Needs.REDIS_AND_MODEL),
  /** Decisions of the fair queue; then placements of the router. */
  SCHEDULER("scheduler-svc", "dev.cofferdam.scheduler.app.SchedulerBench", Needs.NOTHING),
  /** Placements of the router. */
  ROUTER("router-svc", "dev.cofferdam.router.app.RouterBench", Needs.NOTHING),
  /** Facts over Kafka into the ledger, each once. */
  METERING("metering-svc", "dev.cofferdam.metering.app.MeteringBench", Needs.POSTGRES_AND_KAFKA),
  /** Facts into the log. */
  AUDIT("audit-svc", "dev.cofferdam.audit.app.bench.AuditBench", Needs.POSTGRES),
  /** Time to first token and tokens per second through all services. */
  MESH("verification", "dev.cofferdam.verification.bench.MeshBench", Needs.MESH),
  /** What one tenant can tell of another's prompts by the clock, through all services. */
  ISOLATION("verification", "dev.cofferdam.verification.bench.IsolationBench", Needs.MESH),
  /** Start, memory and processor time of the services: JVM, JVM with AOT cache, native. */
  STARTS("verification", "dev.cofferdam.verification.bench.StartBench", Needs.OWN_MESH),
  /** Two tenants under several policies on a mesh, and while its services are killed. */
  FAIRNESS("verification", "dev.cofferdam.verification.fairness.FairnessBench", Needs.OWN_MESH);

  /** What must be there, given to the program in front of the file for its results. */
  enum Needs {
    /** Only the file. */
    NOTHING,
    /** The model's folder. */
    MODEL,
    /** The URL of a Redis, and the model's folder. */
    REDIS_AND_MODEL,
    /** JDBC URL, user and password of an empty database. */
    POSTGRES,
    /** The same, and a file of Kafka's client properties. */
    POSTGRES_AND_KAFKA,
    /** The folder of a running mesh. */
    MESH,
    /** The repository, and a folder in which it starts a mesh of its own. */
    OWN_MESH
  }

  private final String module;
  private final String mainClass;
  private final Needs needs;

  BenchArea(String module, String mainClass, Needs needs) {
    this.module = module;
    this.mainClass = mainClass;
    this.needs = needs;
  }

  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  String mainClass() {
    return mainClass;
  }

  Needs needs() {
    return needs;
  }

  /** The area of a name, where its program is built. */
  static Optional<BenchArea> find(Path repository, String name) {
    return available(repository).stream().filter(area -> area.label().equals(name)).findFirst();
  }

  /** The areas whose programs are built. */
  static List<BenchArea> available(Path repository) {
    return Arrays.stream(values())
        .filter(area -> area.classPath(repository).stream().anyMatch(area::holdsProgram))
        .toList();
  }

  private boolean holdsProgram(Path entry) {
    String file = mainClass.replace('.', '/') + ".class";
    if (Files.isDirectory(entry)) {
      return Files.exists(entry.resolve(file));
    }
    if (!entry.getFileName().toString().startsWith(module)) {
      return false;
    }
    try (JarFile jar = new JarFile(entry.toFile())) {
      return jar.getEntry(file) != null;
    } catch (IOException e) {
      return false;
    }
  }

  /** The module's classes and libraries. */
  List<Path> classPath(Path repository) {
    if (needs == Needs.MESH || needs == Needs.OWN_MESH) {
      return List.of(repository.resolve("verification/target/classes"));
    }
    return serviceClassPath(repository, module);
  }

  /** A built service's classes and libraries; empty where it is not built. */
  static List<Path> serviceClassPath(Path repository, String module) {
    List<Path> path = new ArrayList<>();
    Path app = repository.resolve(module).resolve("target/quarkus-app");
    for (String folder : List.of("app", "lib/main", "lib/boot")) {
      path.addAll(jars(app.resolve(folder)));
    }
    return path;
  }

  private static List<Path> jars(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".jar")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
