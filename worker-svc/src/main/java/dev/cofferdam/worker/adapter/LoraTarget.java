package dev.cofferdam.worker.adapter;

import dev.cofferdam.worker.model.LayerTensor;
import dev.cofferdam.worker.model.ModelConfig;
import java.util.Optional;

/** The projections that an adapter may change, by PEFT's names. */
public enum LoraTarget {
  QUERY("q_proj", "self_attn", LayerTensor.QUERY),
  KEY("k_proj", "self_attn", LayerTensor.KEY),
  VALUE("v_proj", "self_attn", LayerTensor.VALUE),
  OUTPUT("o_proj", "self_attn", LayerTensor.OUTPUT),
  GATE("gate_proj", "mlp", LayerTensor.GATE),
  UP("up_proj", "mlp", LayerTensor.UP),
  DOWN("down_proj", "mlp", LayerTensor.DOWN);

  private final String module;
  private final String parent;
  private final LayerTensor tensor;

  LoraTarget(String module, String parent, LayerTensor tensor) {
    this.module = module;
    this.parent = parent;
    this.tensor = tensor;
  }

  /** The target of that name in {@code target_modules}, if it is supported. */
  public static Optional<LoraTarget> ofModule(String module) {
    for (LoraTarget target : values()) {
      if (target.module.equals(module)) {
        return Optional.of(target);
      }
    }
    return Optional.empty();
  }

  /** Width of the projection's input. */
  public int inputs(ModelConfig model) {
    return (int) tensor.shape(model)[1];
  }

  /** Width of the projection's output. */
  public int outputs(ModelConfig model) {
    return (int) tensor.shape(model)[0];
  }

  /** Name in {@code adapter_model.safetensors} of matrix A (rank × inputs). */
  String nameOfA(int layer) {
    return name(layer) + ".lora_A.weight";
  }

  /** Name in {@code adapter_model.safetensors} of matrix B (outputs × rank). */
  String nameOfB(int layer) {
    return name(layer) + ".lora_B.weight";
  }

  private String name(int layer) {
    return "base_model.model.model.layers." + layer + "." + parent + "." + module;
  }
}
