package dev.cofferdam.worker.residency.thread;

import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.residency.ModelLoads;
import dev.cofferdam.worker.residency.ServedModel;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Loads models one after the other, on a thread of its own. */
public final class ModelLoader implements ModelLoads, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ModelLoader.class);

  private final Function<ServedModel, ModelExecutor> source;
  private final Queue<Ended> ended = new ConcurrentLinkedQueue<>();
  private final AtomicLong loadNs = new AtomicLong();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> Thread.ofPlatform().daemon().name("model-loader").unstarted(task));

  /**
   * @param source loads a model, and throws when it cannot
   */
  public ModelLoader(Function<ServedModel, ModelExecutor> source) {
    this.source = source;
  }

  @Override
  public void begin(ServedModel model) {
    thread.execute(() -> ended.add(new Ended(model, load(model))));
  }

  private Optional<ModelExecutor> load(ServedModel model) {
    long begun = System.nanoTime();
    try {
      return Optional.of(source.apply(model));
    } catch (RuntimeException | OutOfMemoryError | AssertionError e) {
      LOG.error("the model {} cannot be loaded: {}", model.id(), e.toString());
      return Optional.empty();
    } finally {
      loadNs.addAndGet(System.nanoTime() - begun);
    }
  }

  @Override
  public Optional<Ended> poll() {
    return Optional.ofNullable(ended.poll());
  }

  /** Nanoseconds of all loads so far. */
  public long loadNs() {
    return loadNs.get();
  }

  /** Begins no other load. */
  @Override
  public void close() {
    thread.shutdownNow();
  }
}
