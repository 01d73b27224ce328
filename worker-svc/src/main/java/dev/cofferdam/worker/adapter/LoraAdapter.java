package dev.cofferdam.worker.adapter;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A low-rank adapter (Hu et al., 2021): each projection that it changes gives {@code W x + scale ·
 * B (A x)}. Immutable; the arrays are shared and must not be written.
 */
public final class LoraAdapter {

  /**
   * The two factors for a projection, row-major.
   *
   * @param a rank × inputs
   * @param b outputs × rank
   */
  @SuppressWarnings(
      "ArrayRecordComponent") // never compared; millions of weights are no list of objects
  public record Module(float[] a, float[] b) {}

  private final String name;
  private final String version;
  private final int rank;
  private final float scale;
  private final List<Map<LoraTarget, Module>> layers;

  /**
   * @param name for people: the folder's name
   * @param version SHA-256 over its files, 64 hexadecimal digits
   * @param rank rows of every A
   * @param scale factor of B (A x)
   * @param layers the changed projections of each layer of the model
   */
  public LoraAdapter(
      String name,
      String version,
      int rank,
      float scale,
      List<? extends Map<LoraTarget, Module>> layers) {
    this.name = name;
    this.version = version;
    this.rank = rank;
    this.scale = scale;
    this.layers = layers.stream().<Map<LoraTarget, Module>>map(LoraAdapter::copy).toList();
  }

  private static Map<LoraTarget, Module> copy(Map<LoraTarget, Module> modules) {
    EnumMap<LoraTarget, Module> copy = new EnumMap<>(LoraTarget.class);
    copy.putAll(modules);
    return copy;
  }

  /** Name of its folder. */
  public String name() {
    return name;
  }

  /** SHA-256 over its files, 64 hexadecimal digits. */
  public String version() {
    return version;
  }

  /** Rows of every A. */
  public int rank() {
    return rank;
  }

  /** Factor of B (A x): alpha / rank, or alpha / √rank. */
  public float scale() {
    return scale;
  }

  /** Layers of the model. */
  public int layers() {
    return layers.size();
  }

  /** The factors for a projection of a layer, if the adapter changes it. */
  public Optional<Module> module(int layer, LoraTarget target) {
    return Optional.ofNullable(layers.get(layer).get(target));
  }

  /** Bytes of its weights in memory. */
  public long weightBytes() {
    long elements = 0;
    for (Map<LoraTarget, Module> layer : layers) {
      for (Module module : layer.values()) {
        elements += module.a().length + module.b().length;
      }
    }
    return Float.BYTES * elements;
  }
}
