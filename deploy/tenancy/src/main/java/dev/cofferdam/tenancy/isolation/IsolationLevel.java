package dev.cofferdam.tenancy.isolation;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** How far a tenant is kept apart from others. A level enforces what those below it do. */
public enum IsolationLevel {
  /** Shared queues, workers and devices; what is stored is the tenant's alone. */
  LOGICAL(
      "1.00",
      List.of(
          "identity, limits and bill by the authenticated tenant",
          "KV blocks, digests, adapters and answers under the tenant's key; released blocks are zeroed"),
      "zeroing and keyed digests, on every request of every level",
      "a neighbour's burst behind rate limits alone: p99 TTFT 2.12 times that of the tenant alone"),
  /** A share of its own in the queue and in memory. */
  SCHEDULING(
      "1.00",
      List.of(
          "a fair queue by weight, with preemption",
          "KV memory that is guaranteed or bounded; workers pinned to the tenant while it asks for them"),
      "a decision of the fair queue: 0.24 to 0.34 µs with 10,000 tenants waiting",
      "the same burst with fair shares 1:1: p99 TTFT 0.76 times, 1 ms of it in the queue"),
  /** Worker processes that serve nobody else. */
  PROCESS(
      "1.25",
      List.of(
          "worker processes, address space and KV pool of its own; they refuse other tenants' grants",
          "namespace, quota, network policy and workload identity of its own"),
      "weights are in memory again for each such tenant; its idle batch slots are nobody's",
      "workers of its own: p99 TTFT 1.27 times (the whole pool's batch is larger than the part)"),
  /** A part of a GPU, cut off by the hardware. */
  MIG(
      "1.40",
      List.of("memory, caches and compute of a GPU instance that no other tenant uses"),
      "slices of the GPU that no profile can use, besides what level 3 costs",
      "not measured: no GPU with MIG switched on was at hand"),
  /** Whole devices and nodes. */
  DEDICATED(
      "3.00",
      List.of(
          "whole GPUs, on nodes that take no other pods, in a pool that only this tenant is routed to"),
      "everything that the tenant leaves idle",
      "on one machine nodes cannot be told apart: measured as level 3");

  private final String relativeCost;
  private final List<String> enforces;
  private final String overhead;
  private final String measured;

  IsolationLevel(String relativeCost, List<String> enforces, String overhead, String measured) {
    this.relativeCost = relativeCost;
    this.enforces = enforces;
    this.overhead = overhead;
    this.measured = measured;
  }

  /**
   * The level of a number.
   *
   * @throws IllegalArgumentException for another number than 1 to 5
   */
  public static IsolationLevel of(int number) {
    if (number < 1 || number > values().length) {
      throw new IllegalArgumentException("isolation level: " + number + " (expected: 1 to 5)");
    }
    return values()[number - 1];
  }

  /** 1 to 5. */
  public int number() {
    return ordinal() + 1;
  }

  /** Lower-case name. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether the tenant's workers are its own. */
  public boolean ownWorkers() {
    return compareTo(PROCESS) >= 0;
  }

  /** What a token costs to serve, planned, as a multiple of level 1; two decimals. */
  public String relativeCost() {
    return relativeCost;
  }

  /** What it enforces beyond the levels below it. */
  public List<String> enforces() {
    return enforces;
  }

  /** What is spent for it. */
  public String overhead() {
    return overhead;
  }

  /**
   * What was measured: by {@code ./cofferdam bench scheduler}, in virtual time, two tenants, one of
   * which sends about four times what is served.
   */
  public String measured() {
    return measured;
  }

  /** All levels as text. */
  public static String table() {
    StringBuilder text = new StringBuilder();
    for (IsolationLevel level : values()) {
      text.append(
          "%d %-10s relative cost %s%n"
              .formatted(level.number(), level.label(), level.relativeCost));
      level.enforces.forEach(line -> text.append("    enforces  ").append(line).append('\n'));
      text.append("    overhead  ").append(level.overhead).append('\n');
      text.append("    measured  ").append(level.measured).append('\n');
    }
    text.append(
        """
        A level enforces what those above it in this list do. Relative cost is the planned price of a token beside
        level 1. Measured: ./cofferdam bench scheduler (virtual time; a neighbour sends four times what is served).
        """);
    return text.toString();
  }

  /** All levels by number. */
  public static List<IsolationLevel> all() {
    return Arrays.asList(values());
  }
}
