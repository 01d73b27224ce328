package dev.cofferdam.tenancy.mig.yaml;

import dev.cofferdam.tenancy.mig.Gpu;
import dev.cofferdam.tenancy.mig.GpuKind;
import dev.cofferdam.tenancy.mig.Planner;
import dev.cofferdam.tenancy.mig.Wanted;
import dev.cofferdam.vocabulary.TenantId;
import java.io.Reader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * What a plan is asked for: {@code gpus} ({@code kind}, {@code count}) and {@code instances}
 * ({@code tenant}, either {@code profile} or {@code memory_gb} and {@code compute}, {@code count}).
 * Counts and compute are 1 where they are missing. Strict: what is unknown, there twice or of
 * another type is refused with its line.
 *
 * @param gpus with indices from 0 on, in the file's order
 * @param wanted in the file's order
 */
public record PlanFile(List<Gpu> gpus, List<Wanted> wanted) {
  private static final int CHARS_MAX = 1 << 20;

  /** Keeps copies. */
  public PlanFile {
    gpus = List.copyOf(gpus);
    wanted = List.copyOf(wanted);
  }

  /**
   * Reads a file.
   *
   * @throws IllegalArgumentException "line 5: …" for a file that does not hold
   */
  public static PlanFile read(Reader text) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(CHARS_MAX);
    Node root;
    try {
      root = new Yaml(options).compose(text);
    } catch (MarkedYAMLException e) {
      throw new IllegalArgumentException(
          "line " + (e.getProblemMark().getLine() + 1) + ": " + e.getProblem(), e);
    }
    if (root == null) {
      throw new IllegalArgumentException("line 1: gpus and instances are expected");
    }
    Map<String, Node> sections = entries(root, Set.of("gpus", "instances"));
    List<Gpu> gpus = new ArrayList<>();
    for (Node node : list(root, sections, "gpus")) {
      Map<String, Node> fields = entries(node, Set.of("kind", "count"));
      GpuKind kind = kind(required(node, fields, "kind"));
      int count = number(fields, "count", Planner.GPUS_MAX);
      for (int i = 0; i < count; i++) {
        gpus.add(new Gpu(gpus.size(), kind));
      }
    }
    List<Wanted> wanted = new ArrayList<>();
    for (Node node : list(root, sections, "instances")) {
      wanted.add(wanted(node));
    }
    return new PlanFile(gpus, wanted);
  }

  private static Wanted wanted(Node node) {
    Map<String, Node> fields =
        entries(node, Set.of("tenant", "profile", "memory_gb", "compute", "count"));
    ScalarNode tenant = required(node, fields, "tenant");
    if (!TenantId.isValid(tenant.getValue())) {
      throw wrong(tenant, "tenant: " + tenant.getValue() + " (expected: [a-z0-9-]{1,63})");
    }
    boolean exact = fields.containsKey("profile");
    if (exact && (fields.containsKey("memory_gb") || fields.containsKey("compute"))) {
      throw wrong(node, "either profile, or memory_gb and compute");
    }
    Wanted.Size size;
    if (exact) {
      size = new Wanted.Size.Exactly(required(node, fields, "profile").getValue());
    } else {
      required(node, fields, "memory_gb");
      size =
          new Wanted.Size.AtLeast(
              number(fields, "memory_gb", 1000), number(fields, "compute", GpuKind.COMPUTE_SLICES));
    }
    return new Wanted(
        new TenantId(tenant.getValue()), size, number(fields, "count", Wanted.COUNT_MAX));
  }

  private static GpuKind kind(ScalarNode node) {
    return GpuKind.of(node.getValue())
        .orElseThrow(
            () ->
                wrong(
                    node,
                    "kind: " + node.getValue() + " (expected one of: " + GpuKind.labels() + ")"));
  }

  private static int number(Map<String, Node> fields, String name, int max) {
    Node node = fields.get(name);
    if (node == null) {
      return 1;
    }
    String text = node instanceof ScalarNode scalar ? scalar.getValue() : "a list";
    if (text.matches("[0-9]{1,6}")) {
      int value = Integer.parseInt(text);
      if (value >= 1 && value <= max) {
        return value;
      }
    }
    throw wrong(node, name + ": " + text + " (expected: 1 to " + max + ")");
  }

  private static ScalarNode required(Node parent, Map<String, Node> fields, String name) {
    Node node = fields.get(name);
    if (node instanceof ScalarNode scalar) {
      return scalar;
    }
    throw wrong(node == null ? parent : node, name + " (expected: one value)");
  }

  private static List<Node> list(Node root, Map<String, Node> sections, String name) {
    Node node = sections.get(name);
    if (node instanceof SequenceNode sequence) {
      return sequence.getValue();
    }
    throw wrong(node == null ? root : node, name + " (expected: a list)");
  }

  private static Map<String, Node> entries(Node node, Set<String> known) {
    if (!(node instanceof MappingNode mapping)) {
      throw wrong(node, "names with values are expected here");
    }
    Map<String, Node> entries = new LinkedHashMap<>();
    for (NodeTuple tuple : mapping.getValue()) {
      String name = tuple.getKeyNode() instanceof ScalarNode scalar ? scalar.getValue() : "?";
      if (!known.contains(name)) {
        throw wrong(tuple.getKeyNode(), name + " (known: " + new TreeSet<>(known) + ")");
      }
      if (entries.put(name, tuple.getValueNode()) != null) {
        throw wrong(tuple.getKeyNode(), name + " is there twice");
      }
    }
    return entries;
  }

  private static IllegalArgumentException wrong(Node node, String problem) {
    return new IllegalArgumentException(
        "line " + (node.getStartMark().getLine() + 1) + ": " + problem);
  }
}
