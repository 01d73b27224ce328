package dev.cofferdam.worker.adapter;

import dev.cofferdam.worker.model.ElementType;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.SafetensorsWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/** A PEFT adapter with random weights, for tests. */
public record TinyAdapter(int rank, double alpha, Set<LoraTarget> targets, ElementType type) {

  /** An adapter stored in F32. */
  public TinyAdapter(int rank, double alpha, Set<LoraTarget> targets) {
    this(rank, alpha, targets, ElementType.F32);
  }

  /** The same, stored otherwise. */
  public TinyAdapter in(ElementType type) {
    return new TinyAdapter(rank, alpha, targets, type);
  }

  /** An adapter of random rank and targets. */
  public static TinyAdapter random(RandomGenerator random) {
    Set<LoraTarget> targets = EnumSet.of(List.of(LoraTarget.values()).get(random.nextInt(7)));
    for (LoraTarget target : LoraTarget.values()) {
      if (random.nextBoolean()) {
        targets.add(target);
      }
    }
    return new TinyAdapter(random.nextInt(1, 40), random.nextDouble(1, 64), targets);
  }

  public String config() {
    return """
        {"peft_type":"LORA","r":%d,"lora_alpha":%s,"target_modules":[%s],"bias":"none","use_rslora":true,
         "use_dora":false,"modules_to_save":null,"rank_pattern":{},"init_lora_weights":true}
        """
        .formatted(
            rank,
            alpha,
            targets.stream().map(t -> '"' + module(t) + '"').collect(Collectors.joining(",")));
  }

  private static String module(LoraTarget target) {
    String name = target.nameOfA(0).replace(".lora_A.weight", "");
    return name.substring(name.lastIndexOf('.') + 1);
  }

  public byte[] weights(ModelConfig model, RandomGenerator random) {
    SafetensorsWriter file = new SafetensorsWriter();
    for (int layer = 0; layer < model.layers(); layer++) {
      for (LoraTarget target : targets) {
        int inputs = target.inputs(model);
        int outputs = target.outputs(model);
        file.add(target.nameOfA(layer), type, values(random, rank * inputs, inputs), rank, inputs);
        file.add(target.nameOfB(layer), type, values(random, rank * outputs, 400), outputs, rank);
      }
    }
    return file.bytes();
  }

  private static float[] values(RandomGenerator random, int count, int width) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (random.nextGaussian() / Math.sqrt(width));
    }
    return values;
  }

  /** The adapter, as read for a model. */
  public LoraAdapter read(ModelConfig model, RandomGenerator random) {
    return new PeftAdapterReader(model)
        .read("tiny", config().getBytes(StandardCharsets.UTF_8), weights(model, random));
  }

  /** Writes the folder, and returns its version. */
  public String write(Path folder, ModelConfig model, RandomGenerator random) throws IOException {
    byte[] weights = weights(model, random);
    Files.createDirectories(folder);
    Files.writeString(folder.resolve(PeftAdapterReader.CONFIG), config());
    Files.write(folder.resolve(PeftAdapterReader.WEIGHTS), weights);
    return PeftAdapterReader.version(config().getBytes(StandardCharsets.UTF_8), weights);
  }
}
