package dev.cofferdam.worker.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.worker.adapter.LoraAdapter.Module;
import dev.cofferdam.worker.model.FolderDigest;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelLoadException;
import dev.cofferdam.worker.model.SafetensorsFile;
import dev.cofferdam.worker.model.StrictJson;
import dev.cofferdam.worker.model.TensorEntry;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Reads adapters in PEFT's format: {@code adapter_config.json} and {@code
 * adapter_model.safetensors}. What would change the adapter's numbers and is not implemented is
 * refused by its name. Works on the bytes of the files, so that what was digested is what is used.
 */
public final class PeftAdapterReader {
  /** Name of the configuration. */
  public static final String CONFIG = "adapter_config.json";

  /** Name of the weights. */
  public static final String WEIGHTS = "adapter_model.safetensors";

  /** Largest rank. */
  public static final int RANK_MAX = 512;

  /** Settings that must be absent, null, false, or empty. */
  private static final Set<String> REFUSED_WHEN_SET =
      Set.of(
          "use_dora",
          "use_qalora",
          "use_bdlora",
          "lora_bias",
          "modules_to_save",
          "rank_pattern",
          "alpha_pattern",
          "fan_in_fan_out",
          "layers_to_transform",
          "layers_pattern",
          "layer_replication",
          "trainable_token_indices",
          "target_parameters",
          "exclude_modules",
          "alora_invocation_tokens",
          "arrow_config",
          "megatron_config");

  /** Ways to begin training that leave the base model's weights as they are. */
  private static final Set<String> INITIALISATIONS = Set.of("gaussian", "eva", "orthogonal");

  private record Settings(int rank, float scale, Set<LoraTarget> targets) {}

  private final ModelConfig model;

  /**
   * @param model the model that the adapters are for
   */
  public PeftAdapterReader(ModelConfig model) {
    this.model = model;
  }

  /** Version of an adapter with these files: {@link FolderDigest} over both. */
  public static String version(byte[] config, byte[] weights) {
    TreeMap<String, byte[]> digests = new TreeMap<>();
    digests.put(CONFIG, FolderDigest.sha256().digest(config));
    digests.put(WEIGHTS, FolderDigest.sha256().digest(weights));
    return FolderDigest.of(digests);
  }

  /**
   * Reads an adapter.
   *
   * @param name its name, for people
   * @param config content of {@code adapter_config.json}
   * @param weights content of {@code adapter_model.safetensors}
   * @throws BadAdapterException when it is malformed, not supported, or does not fit the model
   */
  public LoraAdapter read(String name, byte[] config, byte[] weights) {
    try {
      Settings settings = settings(StrictJson.object(config, CONFIG));
      SafetensorsFile file = SafetensorsFile.of(WEIGHTS, MemorySegment.ofArray(weights));
      return new LoraAdapter(
          name, version(config, weights), settings.rank, settings.scale, layers(settings, file));
    } catch (ModelLoadException e) {
      throw new BadAdapterException(e);
    }
  }

  private static Settings settings(JsonNode root) {
    if (!root.path("peft_type").asText("").equals("LORA")) {
      throw refused("peft_type", "only LORA is supported");
    }
    if (!root.path("bias").asText("none").equals("none")) {
      throw refused("bias", "only none is supported");
    }
    for (String name : REFUSED_WHEN_SET) {
      if (isSet(root.path(name))) {
        throw refused(name, "not supported");
      }
    }
    JsonNode initialisation = root.path("init_lora_weights");
    if (initialisation.isTextual() && !INITIALISATIONS.contains(initialisation.asText())) {
      throw refused("init_lora_weights", "changes the base model, which is not supported");
    }
    int rank = rank(root.path("r"));
    double alpha =
        root.path("lora_alpha").isNumber() ? root.get("lora_alpha").doubleValue() : Double.NaN;
    if (!(Math.abs(alpha) <= 1e6)) {
      throw refused("lora_alpha", "not a number of at most 1000000");
    }
    boolean rankStabilised = root.path("use_rslora").asBoolean(false);
    float scale = (float) (alpha / (rankStabilised ? Math.sqrt(rank) : rank));
    return new Settings(rank, scale, targets(root.path("target_modules")));
  }

  private static int rank(JsonNode node) {
    if (!node.isIntegralNumber()
        || !node.canConvertToInt()
        || node.intValue() < 1
        || node.intValue() > RANK_MAX) {
      throw refused("r", "not an integer from 1 to " + RANK_MAX);
    }
    return node.intValue();
  }

  private static Set<LoraTarget> targets(JsonNode names) {
    if (!names.isArray() || names.isEmpty()) {
      throw refused("target_modules", "not a list of names");
    }
    Set<LoraTarget> targets = EnumSet.noneOf(LoraTarget.class);
    for (JsonNode name : names) {
      targets.add(
          LoraTarget.ofModule(name.asText(""))
              .orElseThrow(
                  () ->
                      refused(
                          "target_modules", "a module other than the attention's and the MLP's")));
    }
    return targets;
  }

  private static boolean isSet(JsonNode node) {
    if (node.isBoolean()) {
      return node.booleanValue();
    }
    return !node.isMissingNode() && !node.isNull() && !(node.isContainerNode() && node.isEmpty());
  }

  private List<Map<LoraTarget, Module>> layers(Settings settings, SafetensorsFile file) {
    checkAll(settings, file);
    List<Map<LoraTarget, Module>> layers = new ArrayList<>(model.layers());
    for (int layer = 0; layer < model.layers(); layer++) {
      Map<LoraTarget, Module> modules = new EnumMap<>(LoraTarget.class);
      for (LoraTarget target : settings.targets) {
        modules.put(
            target,
            new Module(values(file, target.nameOfA(layer)), values(file, target.nameOfB(layer))));
      }
      layers.add(modules);
    }
    return layers;
  }

  /** All shapes, before anything is allocated. */
  private void checkAll(Settings settings, SafetensorsFile file) {
    for (int layer = 0; layer < model.layers(); layer++) {
      for (LoraTarget target : settings.targets) {
        check(file, target.nameOfA(layer), settings.rank, target.inputs(model));
        check(file, target.nameOfB(layer), target.outputs(model), settings.rank);
      }
    }
    if (file.entries().size() != 2 * model.layers() * settings.targets.size()) {
      throw new BadAdapterException(WEIGHTS + ": a tensor that target_modules does not call for");
    }
  }

  private static void check(SafetensorsFile file, String name, long rows, long columns) {
    if (!entry(file, name).hasShape(rows, columns)) {
      throw new BadAdapterException(WEIGHTS + ": " + name + " does not fit the rank and the model");
    }
  }

  private static TensorEntry entry(SafetensorsFile file, String name) {
    return file.find(name)
        .orElseThrow(() -> new BadAdapterException(WEIGHTS + ": " + name + " is missing"));
  }

  private static float[] values(SafetensorsFile file, String name) {
    TensorEntry entry = entry(file, name);
    float[] values = new float[Math.toIntExact(entry.elements())];
    file.read(entry, 0, values, 0, values.length);
    for (float value : values) {
      if (!Float.isFinite(value)) {
        throw new BadAdapterException(WEIGHTS + ": " + name + " has a weight that is not finite");
      }
    }
    return values;
  }

  private static BadAdapterException refused(String setting, String complaint) {
    return new BadAdapterException(CONFIG + ": " + setting + ": " + complaint);
  }
}
