package dev.cofferdam.local.command;

import dev.cofferdam.local.LocalMesh;
import dev.cofferdam.local.LocalOptions;
import dev.cofferdam.local.StateFiles;
import dev.cofferdam.local.kafka.KafkaBroker;
import dev.cofferdam.local.pki.LocalAuthority;
import dev.cofferdam.local.postgres.PostgresServer;
import dev.cofferdam.local.process.Component;
import dev.cofferdam.local.process.Ports;
import dev.cofferdam.local.process.ProcessSpec;
import dev.cofferdam.local.process.Readiness;
import dev.cofferdam.local.process.Secrets;
import dev.cofferdam.local.redis.RedisServer;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.vocabulary.SpiffeId;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Runs a benchmark: a table on the terminal, {@code .local/bench/<area>.json} for programs. */
final class BenchCommand {
  private static final long STORE_WAIT_MS = 60_000;
  private static final String TAKEOVER = "dev.cofferdam.verification.fairness.Takeover";

  private final Path repository;
  private final StateFiles files;
  private final PrintStream out;

  BenchCommand(Path repository, StateFiles files, PrintStream out) {
    this.repository = repository;
    this.files = files;
    this.out = out;
  }

  int run(List<String> line) throws IOException, InterruptedException {
    Arguments arguments = Arguments.parse(line, Set.of("--peers", "--once"), Set.of("--events"));
    List<String> words = arguments.words();
    String areas =
        BenchArea.available(repository).stream()
            .map(BenchArea::label)
            .collect(Collectors.joining(" "));
    if (words.size() != 1) {
      throw new UsageException("bench takes one area; there are: " + areas);
    }
    BenchArea area =
        BenchArea.find(repository, words.get(0))
            .orElseThrow(
                () ->
                    new UsageException(
                        "no benchmark of " + words.get(0) + " is built; there are: " + areas));
    Path folder = files.folder().resolve("bench");
    Files.createDirectories(folder);
    Path results = folder.resolve(area.label() + ".json");
    List<String> properties =
        arguments.has("--peers") ? peers(area, folder.resolve("peers")) : List.of();
    int status =
        switch (area.needs()) {
          case NOTHING -> {
            int own = launch(area, List.of(), List.of(), results);
            if (own != 0 || area != BenchArea.SCHEDULER) {
              yield own;
            }
            int router = launch(BenchArea.ROUTER, List.of(), List.of(), results);
            int shares = router == 0 ? shares(area, results) : router;
            yield shares == 0 ? onOwnMesh(TAKEOVER, folder.resolve("takeover"), results) : shares;
          }
          case MODEL -> launch(area, properties, List.of(model()), results);
          case REDIS_AND_MODEL -> {
            int limiter = withRedis(area, folder, results);
            yield limiter == 0 ? gatewayCost(folder, results) : limiter;
          }
          case POSTGRES ->
              withPostgres(area, folder, database -> launch(area, List.of(), database, results));
          case POSTGRES_AND_KAFKA ->
              withPostgres(
                  area,
                  folder,
                  database ->
                      withKafka(
                          folder,
                          kafka -> {
                            List<String> all = new ArrayList<>(database);
                            all.add(kafka.toString());
                            return launch(area, events(arguments), all, results);
                          }));
          case MESH -> withMesh(area, results);
          case OWN_MESH -> onOwnMesh(area.mainClass(), folder.resolve(area.label()), results);
        };
    if (status == 0) {
      out.println("Results: " + results);
    }
    return status;
  }

  /** Fetches what peers run on; they are no part of the product. */
  private List<String> peers(BenchArea area, Path folder) throws IOException, InterruptedException {
    if (area != BenchArea.ENGINE) {
      throw new UsageException("--peers: only the engine has any");
    }
    Path sources = repository.resolve("verification/bench/peers");
    Path jlama = copy(sources.resolve("jlama"), folder.resolve("jlama"));
    fetch(
        jlama,
        List.of(
            "mvn",
            "-q",
            "dependency:copy-dependencies",
            "-DoutputDirectory=" + jlama.resolve("lib")));
    Path llamaCpp = copy(sources.resolve("llama.cpp"), folder.resolve("llama.cpp"));
    fetch(
        llamaCpp,
        List.of(
            "npm", "install", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"));
    return List.of("-Dcofferdam.bench.jlama=" + jlama, "-Dcofferdam.bench.llama-cpp=" + llamaCpp);
  }

  private static Path copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    return to;
  }

  private static void fetch(Path folder, List<String> command)
      throws IOException, InterruptedException {
    try {
      Process process = new ProcessBuilder(command).directory(folder.toFile()).inheritIO().start();
      if (process.waitFor() == 0) {
        return;
      }
    } catch (IOException e) {
      throw new UsageException("--peers: needs " + command.getFirst() + " on the PATH");
    }
    throw new UsageException(
        "--peers: " + command.getFirst() + " could not fetch a peer; see above");
  }

  private int launch(BenchArea area, List<String> properties, List<String> arguments, Path results)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            area == BenchArea.ENGINE || area == BenchArea.GPU ? "-Xmx6g" : "-Xmx2g",
            "-XX:+UseCompactObjectHeaders",
            "-XX:+UseTransparentHugePages",
            "--add-modules=jdk.incubator.vector",
            "--sun-misc-unsafe-memory-access=allow",
            "--enable-native-access=ALL-UNNAMED"));
    command.addAll(properties);
    command.addAll(List.of("-cp", classPath(area), area.mainClass()));
    command.addAll(arguments);
    command.add(results.toString());
    return await(command);
  }

  /** The gateway's process beside a bare proxy's, over an upstream of the benchmark. */
  private int gatewayCost(Path folder, Path results) throws IOException, InterruptedException {
    return onOwnMesh(
        "dev.cofferdam.verification.bench.gateway.GatewayCost", folder.resolve("gateway"), results);
  }

  /** A program that starts a mesh of its own in a folder. */
  private int onOwnMesh(String program, Path folder, Path results)
      throws IOException, InterruptedException {
    String path =
        Stream.concat(
                Stream.of(
                    repository.resolve("verification/target/classes").toString(),
                    System.getProperty("java.class.path")),
                vertx())
            .collect(Collectors.joining(":"));
    return await(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx1g",
            "--sun-misc-unsafe-memory-access=allow",
            "--enable-native-access=ALL-UNNAMED",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
            "-cp",
            path,
            program,
            repository.toString(),
            folder.toString(),
            results.toString()));
  }

  /** How the scheduler's core and the workers' batches divide service, in virtual time. */
  private int shares(BenchArea area, Path results) throws IOException, InterruptedException {
    return await(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx1g",
            "-cp",
            String.join(
                ":",
                repository.resolve("verification/target/classes").toString(),
                classPath(area),
                classPath(BenchArea.ENGINE)),
            "dev.cofferdam.verification.shares.ShareBench",
            results.toString()));
  }

  /** The bare proxy's library, as the gateway has it. */
  private Stream<String> vertx() {
    return BenchArea.serviceClassPath(repository, "gateway-svc").stream()
        .filter(
            jar ->
                jar.getFileName().toString().startsWith("io.vertx.vertx-core")
                    || jar.getFileName().toString().startsWith("io.netty."))
        .map(Path::toString);
  }

  private static int await(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).inheritIO().start();
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(process::destroy));
    return process.waitFor();
  }

  private String model() {
    return repository.resolve("models/support-desk").toString();
  }

  private String classPath(BenchArea area) {
    String own =
        area.classPath(repository).stream().map(Path::toString).collect(Collectors.joining(":"));
    return area.needs() == BenchArea.Needs.MESH
        ? own + ":" + System.getProperty("java.class.path")
        : own;
  }

  private int withRedis(BenchArea area, Path folder, Path results)
      throws IOException, InterruptedException {
    Path home = folder.resolve("redis");
    RedisServer redis =
        new RedisServer(
            home,
            files.folder().resolve("binaries"),
            port(),
            new Secrets(folder.resolve("secrets")).text("redis"),
            Optional.empty());
    Component component = start(redis.process(log("redis")), redis.readiness());
    try {
      return launch(area, List.of(), List.of(redis.url(), model()), results);
    } finally {
      component.stop();
    }
  }

  /** A program that is run beside a store. */
  private interface Program<T> {
    int run(T store) throws IOException, InterruptedException;
  }

  /** How many events shall be counted exactly once. */
  private static List<String> events(Arguments arguments) {
    List<String> properties = new ArrayList<>();
    arguments
        .value("--events")
        .ifPresent(
            events ->
                properties.add(
                    "-Dcofferdam.bench.events="
                        + Arguments.number("--events", events, 1, 100_000_000)));
    if (arguments.has("--once")) {
      properties.add("-Dcofferdam.bench.once=true");
    }
    return properties;
  }

  private int withKafka(Path folder, Program<Path> program)
      throws IOException, InterruptedException {
    Path home = Files.createTempDirectory(folder, "kafka");
    LocalAuthority authority = LocalAuthority.open(home.resolve("pki"));
    TlsFiles operator =
        authority.identity(
            "operator", new SpiffeId(LocalAuthority.TRUST_DOMAIN, SpiffeId.Role.OPERATOR, "local"));
    KafkaBroker broker =
        new KafkaBroker(home.resolve("broker"), port(), port(), authority.server("kafka"));
    Properties properties = new Properties();
    properties.putAll(broker.client(operator).properties());
    Path file = home.resolve("client.properties");
    try (OutputStream out = Files.newOutputStream(file)) {
      properties.store(out, null);
    }
    Component component =
        start(
            broker.process(
                Path.of(System.getProperty("java.home"), "bin", "java"),
                System.getProperty("java.class.path"),
                List.of(),
                log("kafka")),
            broker.readiness(operator));
    try {
      return program.run(file);
    } finally {
      component.stop();
      remove(home);
    }
  }

  private static void remove(Path home) throws IOException {
    try (Stream<Path> paths = Files.walk(home)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  private int withPostgres(BenchArea area, Path folder, Program<List<String>> program)
      throws IOException, InterruptedException {
    Secrets secrets = new Secrets(folder.resolve("secrets"));
    Map<String, String> passwords = new HashMap<>();
    PostgresServer.USERS.forEach(name -> passwords.put(name, secrets.text("postgres-" + name)));
    PostgresServer postgres =
        new PostgresServer(
            Files.createTempDirectory(folder, "postgres"),
            files.folder().resolve("binaries"),
            port(),
            secrets.text("postgres"),
            passwords);
    Component component = start(postgres.process(log("postgres")), postgres.readiness());
    try {
      postgres.createDatabases();
      String user = area.label();
      return program.run(
          List.of(postgres.jdbcUrl(user), user, String.valueOf(passwords.get(user))));
    } finally {
      component.stop();
      postgres.remove();
    }
  }

  private int withMesh(BenchArea area, Path results) throws IOException, InterruptedException {
    boolean runs =
        files.running().filter(running -> running.launcher().find().isPresent()).isPresent();
    if (runs) {
      return launch(area, List.of(), List.of(files.folder().toString()), results);
    }
    out.println("No mesh runs; starting one for the benchmark");
    LocalOptions options = LocalOptions.of(repository).withProgress(out::println);
    try (LocalMesh mesh = LocalMesh.start(files.folder(), options)) {
      return launch(area, List.of(), List.of(mesh.files().folder().toString()), results);
    }
  }

  private Component start(ProcessSpec spec, Readiness readiness) {
    Component component = new Component(spec, readiness, STORE_WAIT_MS, out::println, () -> {});
    component.start();
    component.awaitReady();
    return component;
  }

  private Path log(String name) throws IOException {
    Path log = files.log("bench-" + name);
    Files.createDirectories(log.getParent());
    return log;
  }

  private static int port() {
    return Ports.choose(List.of("bench"), Map.of(), Map.of(), new SecureRandom())
        .getOrDefault("bench", 0);
  }
}
