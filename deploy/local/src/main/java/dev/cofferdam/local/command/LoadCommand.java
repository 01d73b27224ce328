package dev.cofferdam.local.command;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cofferdam.load.drive.Target;
import dev.cofferdam.load.report.Findings;
import dev.cofferdam.load.result.Objective;
import dev.cofferdam.load.run.LoadRun;
import dev.cofferdam.load.run.OverheadRounds;
import dev.cofferdam.load.scenario.Scenario;
import dev.cofferdam.load.scenario.Stream;
import dev.cofferdam.load.scenario.yaml.ScenarioFile;
import dev.cofferdam.local.Endpoints;
import dev.cofferdam.local.SampleTenant;
import dev.cofferdam.local.StateFiles;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.Tier;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Drives a mesh with a scenario, or looks for its capacity; reports what its clients saw. */
final class LoadCommand {
  private static final String USAGE =
      "load SCENARIO|FILE, load capacity [SCENARIO|FILE], load overhead, load list, or load show"
          + " SCENARIO";
  private static final Set<String> ELSEWHERE = Set.of("--grpc", "--rest", "--trust", "--tenants");
  private static final Set<String> VALUES =
      Set.of(
          "--grpc",
          "--rest",
          "--trust",
          "--tenants",
          "--for",
          "--times",
          "--seed",
          "--api",
          "--out",
          "--ttft-p99-ms",
          "--token-p99-ms",
          "--errors",
          "--steps",
          "--target-rate",
          "--rounds",
          "--rate");
  private static final double STEP_S = 15;
  private static final int STEPS = 8;
  private static final long REPORT_S_MAX = 20;
  private static final int ROUNDS = 5;
  private static final double PHASE_S = 6;
  private static final double PHASE_RATE = 4;

  private final StateFiles files;
  private final Path directory;
  private final PrintStream out;

  /**
   * @param directory what relative paths of the command line refer to
   */
  LoadCommand(StateFiles files, Path directory, PrintStream out) {
    this.files = files;
    this.directory = directory;
    this.out = out;
  }

  /** Exit status 1 where the objective is not kept. */
  int run(List<String> line) throws IOException, InterruptedException {
    Arguments arguments = Arguments.parse(line, Set.of(), VALUES);
    List<String> words = arguments.words();
    String first = words.isEmpty() ? "" : words.getFirst();
    return switch (first) {
      case "" -> throw new UsageException(USAGE);
      case "list" -> list();
      case "show" -> show(words);
      case "overhead" -> overhead(arguments, words.size() == 1);
      case "capacity" ->
          drive(arguments, words.size() > 1 ? words.get(1) : "chat", words.size() <= 2, true);
      default -> drive(arguments, first, words.size() == 1, false);
    };
  }

  private int list() {
    for (String name : ScenarioFile.NAMED) {
      Scenario scenario = ScenarioFile.named(name).orElseThrow();
      out.printf("%-16s %s%n", name, scenario.description());
    }
    return 0;
  }

  private int show(List<String> words) {
    if (words.size() != 2) {
      throw new UsageException("load show takes the name of a scenario");
    }
    out.print(
        ScenarioFile.text(words.get(1))
            .orElseThrow(() -> new UsageException("no scenario is named " + words.get(1))));
    return 0;
  }

  private int overhead(Arguments arguments, boolean well) throws IOException, InterruptedException {
    if (!well) {
      throw new UsageException("load overhead takes options only");
    }
    if (!isHere(arguments)) {
      throw new UsageException("load overhead needs the metrics of a mesh that runs here");
    }
    try {
      OverheadRounds rounds =
          new OverheadRounds(
              arguments
                  .value("--rounds")
                  .map(v -> Arguments.number("--rounds", v, 1, 100))
                  .orElse(ROUNDS),
              decimal(arguments, "--for", PHASE_S, 1, 600),
              decimal(arguments, "--rate", PHASE_RATE, 0.1, 1_000));
      try (LoadRun run = new LoadRun(target(arguments), metrics(arguments), this::progress)) {
        return untilInterrupted(
            run, () -> run.overhead(rounds, seed(arguments)), folder(arguments, "overhead"));
      }
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private static long seed(Arguments arguments) {
    return arguments
        .value("--seed")
        .map(v -> (long) Arguments.number("--seed", v, 0, Integer.MAX_VALUE))
        .orElse(1L);
  }

  private Path folder(Arguments arguments, String name) {
    return arguments
        .value("--out")
        .map(directory::resolve)
        .orElseGet(() -> files.folder().resolve("load").resolve(folderName(name)));
  }

  private int drive(Arguments arguments, String name, boolean well, boolean capacity)
      throws IOException, InterruptedException {
    if (!well) {
      throw new UsageException(USAGE);
    }
    try {
      Scenario scenario = scenario(name, arguments, capacity);
      Objective objective =
          new Objective(
              decimal(arguments, "--ttft-p99-ms", Objective.DEFAULT.ttftP99Ms(), 1, 600_000),
              decimal(arguments, "--token-p99-ms", Objective.DEFAULT.tokenP99Ms(), 1, 60_000),
              decimal(arguments, "--errors", Objective.DEFAULT.errorShare(), 0, 1));
      long seed = seed(arguments);
      try (LoadRun run = new LoadRun(target(arguments), metrics(arguments), this::progress)) {
        return untilInterrupted(
            run,
            () ->
                capacity
                    ? run.capacity(scenario, seed, objective, steps(arguments), wanted(arguments))
                    : run.once(scenario, seed, objective),
            folder(arguments, scenario.name()));
      }
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  /** What is to be done. */
  private interface Drive {
    Findings findings() throws InterruptedException;
  }

  /** Ctrl-C ends the run, and the report of what was done is still written. */
  private int untilInterrupted(LoadRun run, Drive drive, Path folder)
      throws IOException, InterruptedException {
    CountDownLatch written = new CountDownLatch(1);
    AtomicBoolean over = new AtomicBoolean();
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .unstarted(
                    () -> {
                      if (!over.get()) {
                        run.stop();
                        awaitReport(written);
                      }
                    }));
    try {
      Findings findings = drive.findings();
      Path page = findings.write(folder);
      out.println();
      out.print(findings.text());
      out.println("report: " + page);
      return findings.kept() ? 0 : 1;
    } finally {
      over.set(true);
      written.countDown();
    }
  }

  private static void awaitReport(CountDownLatch written) {
    try {
      if (!written.await(REPORT_S_MAX, TimeUnit.SECONDS)) {
        System.err.println("cofferdam: the report was not written in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void progress(String line) {
    // One line that is written over where somebody looks at it, else a line each.
    if (System.console() != null && System.console().isTerminal()) {
      out.print("\r\u001b[K" + line);
      out.flush();
    } else {
      out.println(line);
    }
  }

  private Scenario scenario(String name, Arguments arguments, boolean capacity) throws IOException {
    Scenario scenario = read(name);
    double seconds =
        decimal(
            arguments,
            "--for",
            capacity ? Math.min(STEP_S, scenario.seconds()) : scenario.seconds(),
            1,
            Scenario.SECONDS_MAX);
    scenario = scenario.lasting(seconds).times(decimal(arguments, "--times", 1, 0.001, 10_000));
    Optional<String> api = arguments.value("--api");
    if (api.isEmpty()) {
      return scenario;
    }
    return switch (api.get()) {
      case "grpc" -> scenario.over(Stream.Api.GRPC);
      case "rest" -> scenario.over(Stream.Api.REST);
      default -> throw new UsageException("--api: " + api.get() + " (expected: grpc or rest)");
    };
  }

  private Scenario read(String name) throws IOException {
    Optional<Scenario> named = ScenarioFile.named(name);
    if (named.isPresent()) {
      return named.get();
    }
    Path file = directory.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw new UsageException(
          "no scenario and no file is named " + name + "; named are " + ScenarioFile.NAMED);
    }
    try (Reader text = Files.newBufferedReader(file)) {
      return ScenarioFile.read(text);
    } catch (IllegalArgumentException e) {
      throw new UsageException(name + ", " + e.getMessage());
    }
  }

  private Target target(Arguments arguments) throws IOException {
    if (isHere(arguments)) {
      Endpoints endpoints = RunningMesh.of(files).endpoints();
      return target(endpoints.grpc(), endpoints.rest(), files.authority(), files.tenants());
    }
    Path tenants = directory.resolve(arguments.value("--tenants").orElseThrow());
    Path trust = directory.resolve(arguments.value("--trust").orElseThrow());
    for (Path file : List.of(tenants, trust)) {
      if (!Files.isReadable(file)) {
        throw new UsageException(file + " cannot be read");
      }
    }
    return target(
        arguments.value("--grpc").orElseThrow(),
        arguments.value("--rest").orElseThrow(),
        trust,
        new ObjectMapper().readValue(tenants.toFile(), new TypeReference<List<SampleTenant>>() {}));
  }

  private static boolean isHere(Arguments arguments) {
    long given = ELSEWHERE.stream().filter(o -> arguments.value(o).isPresent()).count();
    if (given > 0 && given < ELSEWHERE.size()) {
      throw new UsageException(
          "--grpc, --rest, --trust and --tenants are given together, or none of them");
    }
    return given == 0;
  }

  /** The target of a mesh's sample tenants, or of others in the same form. */
  static Target target(String grpc, String rest, Path trust, List<SampleTenant> tenants) {
    if (tenants.isEmpty()) {
      throw new UsageException("no tenant has a key");
    }
    Map<TenantId, Target.Credentials> credentials = new HashMap<>();
    for (SampleTenant tenant : tenants) {
      credentials.put(
          new TenantId(tenant.tenant()),
          new Target.Credentials(
              tenant.apiKey(),
              tenant.certificate() == null || tenant.certificate().isEmpty()
                  ? Optional.empty()
                  : Optional.of(
                      new Target.Certificate(Path.of(tenant.certificate()), Path.of(tenant.key()))),
              tenant.adapter(),
              Tier.valueOf(tenant.tier().toUpperCase(Locale.ROOT))));
    }
    return new Target(grpc, rest, trust, tenants.getFirst().model(), credentials);
  }

  private Map<String, String> metrics(Arguments arguments) {
    return isHere(arguments) ? RunningMesh.of(files).endpoints().metrics() : Map.of();
  }

  private static int steps(Arguments arguments) {
    return arguments.value("--steps").map(v -> Arguments.number("--steps", v, 1, 30)).orElse(STEPS);
  }

  private static OptionalDouble wanted(Arguments arguments) {
    return arguments.value("--target-rate").isPresent()
        ? OptionalDouble.of(decimal(arguments, "--target-rate", 1, 0.001, 1e6))
        : OptionalDouble.empty();
  }

  private static double decimal(
      Arguments arguments, String option, double absent, double min, double max) {
    Optional<String> text = arguments.value(option);
    if (text.isEmpty()) {
      return absent;
    }
    try {
      double value = Double.parseDouble(text.get());
      if (value >= min && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      // The same answer as out of bounds.
    }
    throw new UsageException(
        String.format(Locale.ROOT, "%s: %s (expected: %s to %s)", option, text.get(), min, max));
  }

  private static String folderName(String name) {
    return name.replaceAll("[^A-Za-z0-9-]", "_")
        + "-"
        + LocalDateTime.now(ZoneOffset.UTC)
            .format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT));
  }
}
