package dev.cofferdam.router.fleet;

import org.jspecify.annotations.Nullable;

/**
 * A worker as one of its models sees it, flat, so that a thousand can be looked at for one
 * placement.
 *
 * @param worker the worker
 * @param heardMs when it was last heard of
 * @param running sequences in its batch
 * @param slots its batch slots; 0 where it has not told its load yet
 * @param kvBlocksFree KV blocks for the model that no sequence holds
 * @param kvBlocks KV blocks for the model; 0 where it has not told its load yet
 * @param modelKnown whether it told of this model
 * @param inMemory whether the model is in memory, where it told
 */
public record Seat(
    Worker worker,
    long heardMs,
    int running,
    int slots,
    int kvBlocksFree,
    int kvBlocks,
    boolean modelKnown,
    boolean inMemory) {

  static Seat of(Worker worker, String model, long heardMs) {
    WorkerLoad load = worker.load();
    WorkerLoad.@Nullable ModelLoad own = load.models().get(model);
    boolean known = load.known() && load.kvBlocks() > 0;
    return new Seat(
        worker,
        heardMs,
        load.running(),
        known ? load.slots() : 0,
        own == null ? load.kvBlocksFree() : own.kvBlocksFree(),
        !known ? 0 : own == null ? load.kvBlocks() : Math.max(1, own.kvBlocks()),
        own != null,
        own != null && own.inMemory());
  }
}
