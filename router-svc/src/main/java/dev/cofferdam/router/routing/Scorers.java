package dev.cofferdam.router.routing;

import dev.cofferdam.router.fleet.Worker;
import dev.cofferdam.router.fleet.WorkerLoad;
import java.util.List;

/** The scorers that there are. */
final class Scorers {
  private Scorers() {}

  /**
   * A scorer and how much it counts.
   *
   * @param scorer the scorer
   * @param weight its share of the whole
   */
  record Weighted(Scorer scorer, double weight) {}

  static List<Weighted> of(RoutingWeights weights) {
    return List.of(
        new Weighted(new Prefix(), weights.prefix()),
        new Weighted(new Load(), weights.load()),
        new Weighted(new ModelResidency(), weights.model()),
        new Weighted(new AdapterResidency(), weights.adapter()),
        new Weighted(new TenantAffinity(), weights.tenant()));
  }

  /** Share of the input that need not be computed. */
  private static final class Prefix implements Scorer {
    @Override
    public String name() {
      return "prefix";
    }

    @Override
    public Score score(Worker worker, RequestView request) {
      int prompt = request.envelope().promptTokens();
      if (request.envelope().prefixDigests().isEmpty()) {
        return new Score(NEUTRAL, "no full block to look for");
      }
      return new Score(
          Math.min(1.0, request.cachedTokens() / (double) prompt),
          request.cachedTokens() + " of " + prompt + " tokens cached");
    }
  }

  /** Free slots and free KV, whichever is scarcer. */
  private static final class Load implements Scorer {
    @Override
    public String name() {
      return "load";
    }

    @Override
    public Score score(Worker worker, RequestView request) {
      WorkerLoad load = worker.load();
      if (!load.known() || load.slots() == 0 || load.kvBlocks() == 0) {
        return new Score(NEUTRAL, "not reported yet");
      }
      WorkerLoad.ModelLoad model = load.models().get(request.envelope().model());
      int blocksFree = model == null ? load.kvBlocksFree() : model.kvBlocksFree();
      int blocks = model == null ? load.kvBlocks() : Math.max(1, model.kvBlocks());
      double slots = 1.0 - Math.min(1.0, load.running() / (double) load.slots());
      double memory = Math.min(1.0, blocksFree / (double) blocks);
      return new Score(
          Math.min(slots, memory),
          load.running()
              + " of "
              + load.slots()
              + " slots, "
              + blocksFree
              + " of "
              + blocks
              + " blocks free");
    }
  }

  /** Whether the model is in memory already. */
  private static final class ModelResidency implements Scorer {
    @Override
    public String name() {
      return "model";
    }

    @Override
    public Score score(Worker worker, RequestView request) {
      WorkerLoad.ModelLoad model = worker.load().models().get(request.envelope().model());
      if (model == null) {
        return new Score(NEUTRAL, "not reported yet");
      }
      return new Score(
          model.inMemory() ? 1.0 : 0.0, model.inMemory() ? "in memory" : "to be loaded");
    }
  }

  /** Whether the adapter is in memory already. */
  private static final class AdapterResidency implements Scorer {
    @Override
    public String name() {
      return "adapter";
    }

    @Override
    public Score score(Worker worker, RequestView request) {
      if (request.adapterKey().isEmpty()) {
        return new Score(NEUTRAL, "base model");
      }
      boolean resident = worker.load().adaptersResident().contains(request.adapterKey());
      return new Score(resident ? 1.0 : 0.0, resident ? "resident" : "to be loaded");
    }
  }

  /** Whether the tenant was served there last; what the index has forgotten may still be there. */
  private static final class TenantAffinity implements Scorer {
    @Override
    public String name() {
      return "tenant";
    }

    @Override
    public Score score(Worker worker, RequestView request) {
      if (request.lastWorker().isEmpty()) {
        return new Score(NEUTRAL, "first request");
      }
      boolean same = request.lastWorker().equals(worker.id());
      return new Score(same ? 1.0 : 0.0, same ? "served it last" : "another served it last");
    }
  }
}
