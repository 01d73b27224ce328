package dev.cofferdam.worker.residency;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.batching.Batch;
import dev.cofferdam.worker.batching.BatchOptions;
import dev.cofferdam.worker.batching.EndCause;
import dev.cofferdam.worker.batching.Sequence;
import dev.cofferdam.worker.batching.SequenceProgress;
import dev.cofferdam.worker.batching.SequenceUsage;
import dev.cofferdam.worker.batching.Stepper;
import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.kvcache.CacheJournal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The models of a worker. Each one in memory has an executor, a KV pool and a batch of its own, and
 * each turn runs one step of each that has work: one thread, so that the shares of all sequences
 * add up to the busy time. A sequence whose model is not in memory waits until it is. The model
 * that was wanted first comes in first; for it, models without sequences go, the least recently
 * used one first. Where all of them have work, the least recently used one takes no more once its
 * turn is over, ends what it has, and goes; what comes for it meanwhile waits like the others.
 *
 * <p>Plain and single-threaded, but for {@link #memory}; time comes in by the clock.
 */
public final class ResidentModels {
  /** Sequences that wait are told of this often, so that their leases are known to be in use. */
  private static final long TELL_WAITING_NS = 500_000_000;

  /** A model that may be served. */
  private static final class Place {
    final ServedModel model;
    final List<Sequence> waiting = new ArrayList<>();
    @Nullable Resident resident;
    boolean loading;
    boolean closing;
    long wantedSinceNs;
    long usedNs;
    long inSinceNs;
    boolean failed;
    long failedNs;

    Place(ServedModel model) {
      this.model = model;
    }

    boolean isIdle() {
      return resident == null || resident.batch.isEmpty();
    }
  }

  private record Resident(ModelExecutor executor, Batch batch, Stepper stepper) {}

  private final Map<String, Place> places = new LinkedHashMap<>();
  private final ResidencyOptions options;
  private final BatchOptions batchOptions;
  private final ModelLoads loads;
  private final LongSupplier nanoTime;
  private final Stepper.StepFailures failures;
  private final CacheJournal journal;
  private final ModelMemory memory;
  private Map<TenantId, Long> guarantees = Map.of();
  private long bytes;
  private long waitingToldNs;

  /**
   * @param models all that may be served; none is in memory yet
   * @param failures told of what an executor threw
   * @throws IllegalArgumentException naming a model that can never fit
   */
  public ResidentModels(
      Collection<ServedModel> models,
      ResidencyOptions options,
      BatchOptions batchOptions,
      ModelLoads loads,
      LongSupplier nanoTime,
      Stepper.StepFailures failures) {
    options.check(models);
    this.options = options;
    this.batchOptions = batchOptions;
    this.loads = loads;
    this.nanoTime = nanoTime;
    this.failures = failures;
    int blocks = 0;
    for (ServedModel model : models) {
      places.put(model.id(), new Place(model));
      blocks += model.geometry().blocks();
    }
    this.journal = new CacheJournal(Math.max(1024, 2 * blocks));
    this.memory = new ModelMemory(models);
  }

  /** What is in memory, for any thread. */
  public ModelMemory memory() {
    return memory;
  }

  /** What the prefix caches of all models hold, for any thread. */
  public CacheJournal journal() {
    return journal;
  }

  /** Takes a sequence in; it runs when its model is in memory. */
  public void add(String model, Sequence sequence) {
    long now = nanoTime.getAsLong();
    Place place = place(model);
    place.usedNs = now;
    Resident resident = place.resident;
    if (resident != null && !place.closing) {
      resident.batch.add(sequence);
    } else if (place.failed && now - place.failedNs < options.retryNs()) {
      sequence.refuse(EndCause.MODEL_UNAVAILABLE, now);
    } else {
      if (place.waiting.isEmpty()) {
        place.wantedSinceNs = now;
      }
      place.waiting.add(sequence);
      waitingToldNs = now - TELL_WAITING_NS;
    }
  }

  private Place place(String model) {
    Place place = places.get(model);
    if (place == null) {
      throw new IllegalArgumentException("model: " + model + " is not served here");
    }
    return place;
  }

  /** Puts a model in memory that was loaded before the first turn. */
  public void start(ServedModel model, ModelExecutor executor) {
    place(model.id()).loading = true;
    bytes += model.bytes();
    ended(new ModelLoads.Ended(model, Optional.of(executor)), nanoTime.getAsLong());
  }

  /**
   * Runs a turn: a step of each model with work.
   *
   * @return whether there was anything to run
   */
  public boolean turn() {
    long now = nanoTime.getAsLong();
    for (Optional<ModelLoads.Ended> e = loads.poll(); e.isPresent(); e = loads.poll()) {
      ended(e.get(), now);
    }
    boolean ran = false;
    for (Place place : places.values()) {
      Resident resident = place.resident;
      if (resident != null && resident.stepper.step()) {
        place.usedNs = nanoTime.getAsLong();
        ran = true;
      }
      if (!place.waiting.isEmpty()) {
        dropCancelled(place);
      }
    }
    makeRoom(now);
    return ran;
  }

  private void dropCancelled(Place place) {
    place.waiting.removeIf(
        sequence -> {
          Optional<EndCause> cause = sequence.cancelled();
          cause.ifPresent(why -> sequence.refuse(why, nanoTime.getAsLong()));
          return cause.isPresent();
        });
  }

  private void ended(ModelLoads.Ended load, long now) {
    Place place = place(load.model().id());
    place.loading = false;
    Optional<ModelExecutor> executor = load.executor();
    place.failed = executor.isEmpty();
    if (executor.isEmpty()) {
      bytes -= place.model.bytes();
      place.failedNs = now;
      place.waiting.forEach(sequence -> sequence.refuse(EndCause.MODEL_UNAVAILABLE, now));
      place.waiting.clear();
      return;
    }
    Batch batch = new Batch(executor.get(), batchOptions, journal);
    place.resident =
        new Resident(executor.get(), batch, new Stepper(batch, executor.get(), nanoTime, failures));
    place.inSinceNs = now;
    place.usedNs = now;
    batch.guarantee(guarantees);
    memory.in(place.model, executor.get(), batch.stats());
    takeIn(place);
  }

  private static void takeIn(Place place) {
    Resident resident = place.resident;
    place.closing = false;
    if (resident != null) {
      place.waiting.forEach(resident.batch::add);
      place.waiting.clear();
    }
  }

  /**
   * Brings in the model that is wanted longest; nothing overtakes it, or a large one would wait.
   */
  private void makeRoom(long now) {
    Place wanted = null;
    for (Place place : places.values()) {
      if (place.resident == null
          && !place.loading
          && !place.waiting.isEmpty()
          && (wanted == null || place.wantedSinceNs < wanted.wantedSinceNs)) {
        wanted = place;
      }
    }
    if (wanted == null) {
      places.values().stream().filter(p -> p.closing).forEach(ResidentModels::takeIn);
      return;
    }
    if (!freed(wanted.model.bytes(), now)) {
      return;
    }
    wanted.loading = true;
    bytes += wanted.model.bytes();
    loads.begin(wanted.model);
  }

  /**
   * Whether so many bytes are free, after idle models went; those with work are asked to end it.
   */
  private boolean freed(long needed, long now) {
    long toCome = 0;
    for (Place victim : leastRecentlyUsed()) {
      if (bytes - toCome + needed <= options.bytesMax()) {
        break;
      }
      if (victim.isIdle() && (victim.closing || victim.waiting.isEmpty())) {
        unload(victim);
      } else if (victim.closing || now - victim.inSinceNs >= options.turnNs()) {
        victim.closing = true;
        toCome += victim.model.bytes();
      }
    }
    return bytes + needed <= options.bytesMax();
  }

  /** Models in memory that may go: those without work, then those with it. */
  private List<Place> leastRecentlyUsed() {
    List<Place> in = new ArrayList<>();
    for (Place place : places.values()) {
      if (place.resident != null && !options.pinned().contains(place.model.id())) {
        in.add(place);
      }
    }
    in.sort(
        (a, b) ->
            a.isIdle() == b.isIdle()
                ? Long.compare(a.usedNs, b.usedNs)
                : Boolean.compare(b.isIdle(), a.isIdle()));
    return in;
  }

  private void unload(Place place) {
    Resident resident = place.resident;
    if (resident != null) {
      resident.batch.clear();
      memory.out(place.model);
      resident.executor.close();
      place.resident = null;
      place.closing = false;
      place.wantedSinceNs = nanoTime.getAsLong();
      bytes -= place.model.bytes();
    }
  }

  /** What sequences were served since the last call; those that wait are told of as well. */
  public List<SequenceProgress> progress(long nowNs) {
    List<SequenceProgress> progress = new ArrayList<>();
    boolean tellWaiting = nowNs - waitingToldNs >= TELL_WAITING_NS;
    for (Place place : places.values()) {
      Resident resident = place.resident;
      if (resident != null) {
        progress.addAll(resident.batch.progress(nowNs));
      }
      if (tellWaiting) {
        for (Sequence sequence : place.waiting) {
          progress.add(
              new SequenceProgress(sequence.id(), SequenceUsage.none(sequence.promptTokens())));
        }
      }
    }
    if (tellWaiting) {
      waitingToldNs = nowNs;
    }
    return progress;
  }

  /**
   * Sets what tenants are sure of from now on, in the KV pool of each model.
   *
   * @param next KV bytes by tenant
   * @return ids of the models in memory whose pools do not hold all of it
   */
  public List<String> guarantee(Map<TenantId, Long> next) {
    guarantees = Map.copyOf(next);
    List<String> scaled = new ArrayList<>();
    for (Place place : places.values()) {
      Resident resident = place.resident;
      if (resident != null && !resident.batch.guarantee(guarantees)) {
        scaled.add(place.model.id());
      }
    }
    return scaled;
  }

  /** Destroys the keys of a tenant's KV in all models, and ends what runs or waits for it. */
  public void destroyKey(TenantId tenant) {
    for (Place place : places.values()) {
      Resident resident = place.resident;
      if (resident != null) {
        resident.batch.destroyKey(tenant);
      }
      for (Sequence sequence : place.waiting) {
        if (sequence.tenant().equals(tenant)) {
          sequence.cancel(EndCause.REVOKED);
        }
      }
    }
  }

  /** Ends everything. */
  public void endAll(EndCause cause) {
    for (Place place : places.values()) {
      Resident resident = place.resident;
      if (resident != null) {
        resident.batch.endAll(cause);
      }
      place.waiting.forEach(sequence -> sequence.cancel(cause));
    }
  }

  /** Whether there are no sequences. */
  public boolean isEmpty() {
    for (Place place : places.values()) {
      if (!place.isIdle() || !place.waiting.isEmpty()) {
        return false;
      }
    }
    return true;
  }

  /** Whether a load has begun and not ended. */
  public boolean isLoading() {
    return places.values().stream().anyMatch(place -> place.loading);
  }

  /** Closes the executors. */
  public void close() {
    for (Place place : places.values()) {
      Resident resident = place.resident;
      if (resident != null) {
        resident.executor.close();
      }
    }
  }
}
