package dev.cofferdam.load.saturation;

import dev.cofferdam.load.metrics.Samples;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * The highest use of each resource that the mesh's metrics told during a run.
 *
 * @param shares use of each resource by its name, 0 to 1; empty where nothing was told
 * @param waiting most requests in the pools' queues
 * @param workers live workers
 */
public record Saturation(Map<String, Double> shares, double waiting, int workers) {
  /** A resource of which more is used is called saturated. */
  public static final double SATURATED = 0.9;

  static final String SLOTS = "batch slots";
  static final String KV = "KV blocks";
  static final String MACHINE = "the machine's processors";

  public Saturation {
    shares = Map.copyOf(shares);
  }

  /** Nothing is known. */
  public static final Saturation UNKNOWN = new Saturation(Map.of(), 0, 0);

  /** What one look at the metrics of all processes says. */
  static Saturation of(Map<String, Samples> processes) {
    Map<String, Double> shares = new LinkedHashMap<>();
    double slots = 0;
    double running = 0;
    double kv = 0;
    double waiting = 0;
    double workers = 0;
    double machine = 0;
    for (Map.Entry<String, Samples> process : processes.entrySet()) {
      Samples told = process.getValue();
      slots += told.sum("cofferdam_pool_slots");
      running += told.sum("cofferdam_pool_slots_running");
      kv = Math.max(kv, told.max("cofferdam_pool_kv_use"));
      waiting += told.sum("cofferdam_pool_waiting");
      workers += told.sum("cofferdam_pool_workers");
      machine = Math.max(machine, told.max("system_cpu_usage"));
    }
    if (slots > 0) {
      shares.put(SLOTS, running / slots);
      shares.put(KV, kv);
    }
    if (machine > 0) {
      shares.put(MACHINE, machine);
    }
    return new Saturation(shares, waiting, (int) workers);
  }

  /** The higher of two looks, resource by resource. */
  Saturation or(Saturation other) {
    Map<String, Double> highest = new TreeMap<>(shares);
    other.shares.forEach((name, share) -> highest.merge(name, share, Math::max));
    return new Saturation(
        highest, Math.max(waiting, other.waiting), Math.max(workers, other.workers));
  }

  /** What is used up, in a sentence. */
  public String words() {
    if (shares.isEmpty()) {
      return "the mesh's metrics were not read, so what is saturated is not known";
    }
    StringBuilder text = new StringBuilder();
    new TreeMap<>(shares)
        .forEach(
            (name, share) ->
                text.append(text.isEmpty() ? "" : ", ")
                    .append(
                        String.format(
                            Locale.ROOT,
                            "%s %.0f %%%s",
                            name,
                            share * 100,
                            share >= SATURATED ? " (saturated)" : "")));
    text.append(String.format(Locale.ROOT, ", at most %.0f requests in queues", waiting));
    return text.toString();
  }
}
