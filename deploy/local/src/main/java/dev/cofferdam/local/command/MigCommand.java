package dev.cofferdam.local.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.tenancy.mig.Commands;
import dev.cofferdam.tenancy.mig.Gpu;
import dev.cofferdam.tenancy.mig.GpuKind;
import dev.cofferdam.tenancy.mig.Plan;
import dev.cofferdam.tenancy.mig.Planner;
import dev.cofferdam.tenancy.mig.Wanted;
import dev.cofferdam.tenancy.mig.yaml.PlanFile;
import dev.cofferdam.vocabulary.TenantId;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Plans how GPUs are cut into MIG instances for tenants. Needs neither a mesh nor a GPU. */
final class MigCommand {
  private static final String USAGE =
      "mig plan FILE, or mig plan --gpu KIND=COUNT ..."
          + " --want TENANT:memory=GB,compute=SEVENTHS,count=N ..."
          + " (or TENANT:profile=NAME,count=N)";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path directory;
  private final PrintStream out;

  /**
   * @param directory what relative paths of the command line refer to
   */
  MigCommand(Path directory, PrintStream out) {
    this.directory = directory;
    this.out = out;
  }

  /** Exit status 1 where something has no place. */
  int run(List<String> line) throws IOException {
    Arguments arguments =
        Arguments.parse(
            line,
            Set.of("--json", "--commands", "--mig-parted"),
            Set.of("--gpu", "--want", "--name"));
    List<String> words = arguments.words();
    if (words.isEmpty() || !words.getFirst().equals("plan") || words.size() > 2) {
      throw new UsageException(USAGE);
    }
    try {
      PlanFile asked = words.size() == 2 ? file(words.get(1), arguments) : fromOptions(arguments);
      Plan plan = new Planner().plan(asked.gpus(), asked.wanted());
      print(plan, arguments);
      return plan.complete() ? 0 : 1;
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private PlanFile file(String name, Arguments arguments) throws IOException {
    if (!arguments.all("--gpu").isEmpty() || !arguments.all("--want").isEmpty()) {
      throw new UsageException("either a file, or --gpu and --want");
    }
    Path path = directory.resolve(name);
    if (!Files.isRegularFile(path)) {
      throw new UsageException("no file " + name);
    }
    try (Reader text = Files.newBufferedReader(path)) {
      return PlanFile.read(text);
    } catch (IllegalArgumentException e) {
      throw new UsageException(name + ", " + e.getMessage());
    }
  }

  private static PlanFile fromOptions(Arguments arguments) {
    if (arguments.all("--gpu").isEmpty() || arguments.all("--want").isEmpty()) {
      throw new UsageException(USAGE);
    }
    List<Gpu> gpus = new ArrayList<>();
    for (String text : arguments.all("--gpu")) {
      String[] parts = text.split("=", 2);
      GpuKind kind =
          GpuKind.of(parts[0])
              .orElseThrow(
                  () ->
                      new UsageException(
                          "--gpu: " + parts[0] + " (expected one of: " + GpuKind.labels() + ")"));
      int count = parts.length == 1 ? 1 : Arguments.number("--gpu", parts[1], 1, Planner.GPUS_MAX);
      for (int i = 0; i < count; i++) {
        gpus.add(new Gpu(gpus.size(), kind));
      }
    }
    return new PlanFile(gpus, arguments.all("--want").stream().map(MigCommand::wanted).toList());
  }

  private static Wanted wanted(String text) {
    String[] parts = text.split(":", 2);
    if (parts.length != 2 || !TenantId.isValid(parts[0])) {
      throw new UsageException("--want: " + text + " (expected: TENANT:memory=GB,... )");
    }
    Map<String, String> fields = new HashMap<>();
    for (String field : parts[1].split(",", -1)) {
      String[] pair = field.split("=", 2);
      boolean known = Set.of("memory", "compute", "profile", "count").contains(pair[0]);
      if (pair.length != 2 || !known || fields.put(pair[0], pair[1]) != null) {
        throw new UsageException(
            "--want: " + field + " (expected: memory=, compute=, profile= or count=, each once)");
      }
    }
    boolean exact = fields.containsKey("profile");
    if (exact == fields.containsKey("memory") || (exact && fields.containsKey("compute"))) {
      throw new UsageException("--want: " + text + " (expected: profile, or memory and compute)");
    }
    int count = number(fields, "count", Wanted.COUNT_MAX);
    Wanted.Size size =
        exact
            ? new Wanted.Size.Exactly(fields.getOrDefault("profile", ""))
            : new Wanted.Size.AtLeast(
                number(fields, "memory", 1000), number(fields, "compute", GpuKind.COMPUTE_SLICES));
    return new Wanted(new TenantId(parts[0]), size, count);
  }

  private static int number(Map<String, String> fields, String name, int max) {
    return Arguments.number("--want: " + name, fields.getOrDefault(name, "1"), 1, max);
  }

  private void print(Plan plan, Arguments arguments) throws IOException {
    String parted = Commands.migParted(plan, arguments.value("--name").orElse("cofferdam"));
    if (arguments.has("--json")) {
      out.println(JSON.writeValueAsString(json(plan, parted)));
    } else if (arguments.has("--commands")) {
      Commands.nvidiaSmi(plan).forEach(out::println);
    } else if (arguments.has("--mig-parted")) {
      out.print(parted);
    } else {
      text(plan);
      out.println("\nnvidia-smi, in this order (no instances must be on these GPUs yet):");
      Commands.nvidiaSmi(plan).forEach(command -> out.println("  " + command));
      out.println("\nthe GPU operator's mig-parted configuration:");
      parted.lines().forEach(line -> out.println("  " + line));
    }
    if (!plan.complete() && (arguments.has("--commands") || arguments.has("--mig-parted"))) {
      System.err.println("cofferdam: not all instances have a place; mig plan says why");
    }
  }

  private void text(Plan plan) {
    int unplaced = plan.unplaced().stream().mapToInt(Plan.Unplaced::count).sum();
    out.printf(
        "%d of %d instances on %d of %d GPUs, %d of their memory slices not asked for; %s%n",
        plan.instances().size(),
        plan.instances().size() + unplaced,
        plan.gpusUsed(),
        plan.gpus().size(),
        plan.wastedMemorySlices(),
        plan.exact() ? "no plan is better" : "not every plan was tried");
    for (Gpu gpu : plan.used()) {
      out.printf("%nGPU %d, %s%n", gpu.index(), gpu.kind().label());
      for (Plan.Instance one : plan.on(gpu)) {
        out.printf(
            "  memory slice %d:%d  %-11s  %s (%s)%n",
            one.start(),
            one.profile().memorySlices(),
            one.profile().name(),
            one.tenant(),
            one.size());
      }
    }
    if (!plan.complete()) {
      out.println("\nnot placed:");
    }
    for (Plan.Unplaced one : plan.unplaced()) {
      out.printf("  %d of %s (%s): %s%n", one.count(), one.tenant(), one.size(), one.reason());
    }
  }

  private static ObjectNode json(Plan plan, String parted) {
    ObjectNode root = JSON.createObjectNode();
    root.put("complete", plan.complete());
    root.put("exact", plan.exact());
    root.put("gpus", plan.gpus().size());
    root.put("gpus_used", plan.gpusUsed());
    root.put("wasted_memory_slices", plan.wastedMemorySlices());
    ArrayNode instances = root.putArray("instances");
    for (Plan.Instance one : plan.instances()) {
      instances
          .addObject()
          .put("tenant", one.tenant().value())
          .put("gpu", one.gpu().index())
          .put("kind", one.gpu().kind().label())
          .put("profile", one.profile().name())
          .put("profile_id", one.profile().id())
          .put("start", one.start())
          .put("memory_slices", one.profile().memorySlices())
          .put("compute_slices", one.profile().computeSlices())
          .put("memory_gb", one.profile().memoryGb());
    }
    ArrayNode unplaced = root.putArray("unplaced");
    for (Plan.Unplaced one : plan.unplaced()) {
      unplaced
          .addObject()
          .put("tenant", one.tenant().value())
          .put("wanted", one.size().toString())
          .put("count", one.count())
          .put("reason", one.reason());
    }
    ArrayNode commands = root.putArray("commands");
    Commands.nvidiaSmi(plan).forEach(commands::add);
    root.put("mig_parted", parted);
    return root;
  }
}
