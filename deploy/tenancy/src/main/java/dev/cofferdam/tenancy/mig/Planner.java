package dev.cofferdam.tenancy.mig;

import dev.cofferdam.vocabulary.TenantId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Finds the best places for instances on the GPUs of a node: most instances placed, then fewest
 * GPUs used, then least waste, then least memory of the used GPUs. The same question always has the
 * same answer.
 *
 * <p>Instances that cannot be told apart by any GPU here form a {@link Demand}, so that a plan is a
 * number of each demand for each GPU. {@link Packing} gives all that one GPU can hold, and {@link
 * Search} goes through all ways to give each GPU one of them, which is exact. Where that would take
 * more than {@value #STEPS_MAX} steps, GPUs are filled one after the other until the search can do
 * the rest: once with the packing that wastes least, once with the one of the largest instances;
 * the better plan is taken. Such a plan is still known to be the best where all GPUs are of one
 * kind and one GPU less has not the slices for it.
 *
 * <p>For one thread at a time.
 */
public final class Planner {
  /** The most GPUs of a plan. */
  public static final int GPUS_MAX = 64;

  /** The most steps of an exact search: about a second. */
  public static final long STEPS_MAX = 20_000_000;

  private final long stepsMax;
  private final Map<GpuKind, Layouts> layouts = new EnumMap<>(GpuKind.class);

  /** A planner that searches as far as {@link #STEPS_MAX}. */
  public Planner() {
    this(STEPS_MAX);
  }

  Planner(long stepsMax) {
    this.stepsMax = stepsMax;
  }

  private record Owner(int line, Wanted wanted) {}

  private record Filled(Gpu gpu, Packing packing) {}

  private record Filling(List<Filled> filled, boolean exact) {
    int placed() {
      return filled.stream().mapToInt(f -> IntStream.of(f.packing().counts()).sum()).sum();
    }

    int waste() {
      return filled.stream().mapToInt(f -> f.packing().waste()).sum();
    }
  }

  private static final Comparator<Filled> LEAST_WASTE_FIRST =
      Comparator.<Filled>comparingInt(f -> f.packing().waste())
          .thenComparing(Filled::packing, Packing.LARGEST_FIRST);
  private static final Comparator<Filled> LARGEST_FIRST =
      Comparator.comparing(Filled::packing, Packing.LARGEST_FIRST)
          .thenComparingInt(f -> f.packing().waste());
  private static final Comparator<Filling> BEST_FIRST =
      Comparator.<Filling>comparingInt(f -> -f.placed())
          .thenComparingInt(f -> f.filled().size())
          .thenComparingInt(Filling::waste);

  /**
   * Plans.
   *
   * @param gpus of the node, with indices of their own
   * @param wanted what tenants want; what comes first is placed first among equals
   * @throws IllegalArgumentException for no or too many GPUs, or two with one index
   */
  public Plan plan(List<Gpu> gpus, List<Wanted> wanted) {
    check(gpus, wanted);
    List<GpuKind> kinds = gpus.stream().map(Gpu::kind).distinct().sorted().toList();
    kinds.forEach(kind -> layouts.computeIfAbsent(kind, Layouts::new));
    Map<Demand, Deque<Owner>> owners = new LinkedHashMap<>();
    for (int line = 0; line < wanted.size(); line++) {
      Wanted one = wanted.get(line);
      Deque<Owner> of =
          owners.computeIfAbsent(Demand.of(one.size(), kinds), unused -> new ArrayDeque<>());
      for (int i = 0; i < one.count(); i++) {
        of.add(new Owner(line, one));
      }
    }
    List<Demand> demands =
        owners.keySet().stream().filter(Demand::possible).sorted(Demand.LARGEST_FIRST).toList();
    int[] left =
        demands.stream().mapToInt(d -> owners.getOrDefault(d, new ArrayDeque<>()).size()).toArray();

    Filling filling = filling(gpus, kinds, demands, left, LEAST_WASTE_FIRST);
    if (!filling.exact()) {
      Filling other = filling(gpus, kinds, demands, left, LARGEST_FIRST);
      filling = BEST_FIRST.compare(other, filling) < 0 ? other : filling;
    }
    return settled(
        gpus, wanted, demands, owners, compacted(gpus, filling.filled()), filling.exact());
  }

  /** Fills GPUs in an order until the search can do the rest. */
  private Filling filling(
      List<Gpu> gpus,
      List<GpuKind> kinds,
      List<Demand> demands,
      int[] wanted,
      Comparator<Filled> order) {
    int[] left = wanted.clone();
    List<Gpu> free = new ArrayList<>(gpus);
    free.sort(Comparator.comparing(Gpu::kind).thenComparingInt(Gpu::index));
    List<Filled> filled = new ArrayList<>();
    Map<GpuKind, List<Packing>> packings = packings(kinds, demands, left);
    boolean exact = true;
    while (!free.isEmpty() && Search.steps(free, left, packings) > stepsMax) {
      exact = false;
      Optional<Filled> first = first(free, packings, order);
      if (first.isEmpty()) {
        return new Filling(filled, exact); // none holds anything of what is left
      }
      filled.add(first.get());
      free.remove(first.get().gpu());
      first.get().packing().takeFrom(left);
      packings = packings(kinds, demands, left);
    }
    filled.addAll(searched(free, left, packings));
    return new Filling(filled, exact);
  }

  private static void check(List<Gpu> gpus, List<Wanted> wanted) {
    if (gpus.isEmpty() || gpus.size() > GPUS_MAX) {
      throw new IllegalArgumentException(
          "GPUs: " + gpus.size() + " (expected: 1 to " + GPUS_MAX + ")");
    }
    Set<Integer> indices = new HashSet<>();
    for (Gpu gpu : gpus) {
      if (!indices.add(gpu.index())) {
        throw new IllegalArgumentException("two GPUs have the index " + gpu.index());
      }
    }
    if (wanted.stream().mapToInt(Wanted::count).sum() > 2 * Wanted.COUNT_MAX) {
      throw new IllegalArgumentException(
          "more than " + 2 * Wanted.COUNT_MAX + " instances are wanted");
    }
  }

  private Map<GpuKind, List<Packing>> packings(
      List<GpuKind> kinds, List<Demand> demands, int[] left) {
    Map<GpuKind, List<Packing>> packings = new EnumMap<>(GpuKind.class);
    for (int k = 0; k < kinds.size(); k++) {
      Layouts of = layouts.computeIfAbsent(kinds.get(k), Layouts::new);
      packings.put(kinds.get(k), Packing.all(of, k, demands, left));
    }
    return packings;
  }

  private static Optional<Filled> first(
      List<Gpu> free, Map<GpuKind, List<Packing>> packings, Comparator<Filled> order) {
    return free.stream()
        .flatMap(
            gpu ->
                packings.getOrDefault(gpu.kind(), List.of()).stream()
                    .map(packing -> new Filled(gpu, packing)))
        .min(order);
  }

  private static List<Filled> searched(
      List<Gpu> free, int[] left, Map<GpuKind, List<Packing>> packings) {
    List<Filled> filled = new ArrayList<>();
    int[] chosen = Search.best(free, left, packings);
    for (int g = 0; g < chosen.length; g++) {
      if (chosen[g] >= 0) {
        Gpu gpu = free.get(g);
        filled.add(new Filled(gpu, packings.getOrDefault(gpu.kind(), List.of()).get(chosen[g])));
      }
    }
    return filled;
  }

  /** The same packings on the first GPUs of each kind, the least wasteful ones first. */
  private static List<Filled> compacted(List<Gpu> gpus, List<Filled> filled) {
    List<Filled> compacted = new ArrayList<>();
    for (GpuKind kind : GpuKind.values()) {
      List<Gpu> of =
          gpus.stream()
              .filter(gpu -> gpu.kind() == kind)
              .sorted(Comparator.comparingInt(Gpu::index))
              .toList();
      List<Packing> packings =
          filled.stream()
              .filter(f -> f.gpu().kind() == kind)
              .map(Filled::packing)
              .sorted(Comparator.comparingInt(Packing::waste))
              .toList();
      for (int i = 0; i < packings.size(); i++) {
        compacted.add(new Filled(of.get(i), packings.get(i)));
      }
    }
    compacted.sort(Comparator.comparingInt(f -> f.gpu().index()));
    return compacted;
  }

  private Plan settled(
      List<Gpu> gpus,
      List<Wanted> wanted,
      List<Demand> demands,
      Map<Demand, Deque<Owner>> owners,
      List<Filled> filled,
      boolean exact) {
    List<Plan.Instance> instances = new ArrayList<>();
    int waste = 0;
    for (Filled one : filled) {
      waste += one.packing().waste();
      int[] counts = one.packing().counts().clone();
      GpuKind kind = one.gpu().kind();
      for (Layouts.Place place :
          layouts.computeIfAbsent(kind, Layouts::new).layout(one.packing().layout()).places()) {
        Owner owner = next(place.profile(), kind, counts, demands, owners);
        instances.add(
            new Plan.Instance(
                owner.wanted().tenant(),
                owner.wanted().size(),
                one.gpu(),
                place.profile(),
                place.start()));
      }
    }
    int[] unplaced = new int[wanted.size()];
    owners.values().forEach(rest -> rest.forEach(owner -> unplaced[owner.line()]++));
    Shortage shortage = new Shortage(gpus, instances, exact);
    List<Plan.Unplaced> left = new ArrayList<>();
    for (int line = 0; line < unplaced.length; line++) {
      if (unplaced[line] > 0) {
        TenantId tenant = wanted.get(line).tenant();
        Wanted.Size size = wanted.get(line).size();
        left.add(
            new Plan.Unplaced(tenant, size, unplaced[line], shortage.reason(size, unplaced[line])));
      }
    }
    return new Plan(
        gpus,
        instances,
        left,
        filled.size(),
        waste,
        exact || (left.isEmpty() && fillsAllButOne(gpus, instances, filled.size())));
  }

  /**
   * Whether GPUs of one kind, one less than are used, have fewer slices than the instances take.
   */
  private static boolean fillsAllButOne(
      List<Gpu> gpus, List<Plan.Instance> instances, int gpusUsed) {
    int memory = instances.stream().mapToInt(i -> i.profile().memorySlices()).sum();
    int compute = instances.stream().mapToInt(i -> i.profile().computeSlices()).sum();
    return gpus.stream().map(Gpu::kind).distinct().count() == 1
        && (memory > GpuKind.MEMORY_SLICES * (gpusUsed - 1)
            || compute > GpuKind.COMPUTE_SLICES * (gpusUsed - 1));
  }

  /** Who gets a place: the first in line of a demand that the packing has on such a profile. */
  private static Owner next(
      Profile profile,
      GpuKind kind,
      int[] counts,
      List<Demand> demands,
      Map<Demand, Deque<Owner>> owners) {
    for (int d = 0; d < counts.length; d++) {
      if (counts[d] > 0 && demands.get(d).isOn(kind, profile)) {
        counts[d]--;
        return owners.getOrDefault(demands.get(d), new ArrayDeque<>()).removeFirst();
      }
    }
    throw new IllegalStateException("a layout has a place that its packing has not");
  }
}
