package dev.cofferdam.tenancy.mig;

import dev.cofferdam.vocabulary.TenantId;
import java.util.List;

/**
 * Where instances go.
 *
 * @param gpus all GPUs of the node, used or not
 * @param instances what fits, by GPU and start
 * @param unplaced what does not, and why
 * @param gpusUsed GPUs with an instance
 * @param wastedMemorySlices memory slices of the used GPUs that nobody asked for: free ones, and
 *     those that an instance has beyond the memory that was wanted
 * @param exact whether no plan places more instances, or as many on fewer GPUs, or as many on as
 *     many with less waste; false where that is not known, as the search would have taken too long
 */
public record Plan(
    List<Gpu> gpus,
    List<Instance> instances,
    List<Unplaced> unplaced,
    int gpusUsed,
    int wastedMemorySlices,
    boolean exact) {
  /** Keeps copies. */
  public Plan {
    gpus = List.copyOf(gpus);
    instances = List.copyOf(instances);
    unplaced = List.copyOf(unplaced);
  }

  /** Whether everything that was wanted has its place. */
  public boolean complete() {
    return unplaced.isEmpty();
  }

  /** The instances of a GPU, by start. */
  public List<Instance> on(Gpu gpu) {
    return instances.stream().filter(i -> i.gpu().equals(gpu)).toList();
  }

  /** The GPUs with an instance. */
  public List<Gpu> used() {
    return gpus.stream().filter(gpu -> !on(gpu).isEmpty()).toList();
  }

  /**
   * An instance with its place.
   *
   * @param tenant whose it is, alone
   * @param size what was wanted
   * @param gpu where
   * @param profile what it gets
   * @param start its first memory slice
   */
  public record Instance(TenantId tenant, Wanted.Size size, Gpu gpu, Profile profile, int start) {}

  /**
   * Instances that have no place.
   *
   * @param tenant whose they would have been
   * @param size of each
   * @param count how many
   * @param reason which slice is short, and what would make them fit
   */
  public record Unplaced(TenantId tenant, Wanted.Size size, int count, String reason) {}
}
