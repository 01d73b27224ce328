package dev.cofferdam.worker.residency;

import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.batching.BatchStats;
import dev.cofferdam.worker.execution.ModelExecutor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which models are in memory, and their counts and levels. Written by the step thread. */
public final class ModelMemory {

  /**
   * A model as any thread may see it.
   *
   * @param model the model
   * @param inMemory whether it is in memory
   * @param kvBlocksFree blocks of its pool that no sequence holds; all of them when it is not
   */
  public record Level(ServedModel model, boolean inMemory, int kvBlocksFree) {}

  private record Entry(ModelExecutor executor, BatchStats stats) {}

  private final List<ServedModel> models;
  private final Map<String, Entry> in = new LinkedHashMap<>();

  /** Counts of batches that are gone. */
  private final BatchStats gone = new BatchStats();

  private long entries;
  private long evictions;

  ModelMemory(Collection<ServedModel> models) {
    this.models = List.copyOf(models);
  }

  synchronized void in(ServedModel model, ModelExecutor executor, BatchStats stats) {
    in.put(model.id(), new Entry(executor, stats));
    entries++;
  }

  synchronized void out(ServedModel model) {
    Entry entry = in.remove(model.id());
    if (entry != null) {
      gone.addCounts(entry.stats);
      evictions++;
    }
  }

  /** Counts of all models since the start, and the levels of those in memory. */
  public synchronized BatchStats stats() {
    BatchStats sum = new BatchStats();
    sum.addCounts(gone);
    for (Entry entry : in.values()) {
      sum.addCounts(entry.stats);
      sum.addLevels(entry.stats);
    }
    return sum;
  }

  /** All models that may be served. */
  public synchronized List<Level> levels() {
    List<Level> levels = new ArrayList<>(models.size());
    for (ServedModel model : models) {
      Entry entry = in.get(model.id());
      levels.add(
          new Level(
              model,
              entry != null,
              entry == null ? model.geometry().blocks() : entry.stats.blocksUnheld()));
    }
    return levels;
  }

  /** "model/adapter version" of the adapters in memory. */
  public synchronized List<String> adapters() {
    List<String> adapters = new ArrayList<>();
    in.forEach(
        (model, entry) ->
            entry.stats.adapterVersions().forEach(version -> adapters.add(model + "/" + version)));
    return adapters;
  }

  /** Prepares an adapter for its model, where that is in memory; see the executor. */
  public void prepare(String model, LoraAdapter adapter) {
    ModelExecutor executor = executor(model);
    if (executor != null) {
      executor.prepare(adapter);
    }
  }

  private synchronized @Nullable ModelExecutor executor(String model) {
    Entry entry = in.get(model);
    return entry == null ? null : entry.executor;
  }

  /** Models in memory. */
  public synchronized int loaded() {
    return in.size();
  }

  /** Times that a model came into memory. */
  public synchronized long loads() {
    return entries;
  }

  /** Times that a model went to make room for another. */
  public synchronized long evictions() {
    return evictions;
  }
}
