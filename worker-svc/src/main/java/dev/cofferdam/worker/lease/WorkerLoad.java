package dev.cofferdam.worker.lease;

import java.util.List;

/**
 * How loaded a worker is.
 *
 * @param running sequences in the batch
 * @param kvBlocksFree KV blocks that no sequence holds, cached ones included
 * @param adapterVersions versions of the adapters in memory
 * @param draining it takes no new requests
 */
public record WorkerLoad(
    int running, int kvBlocksFree, List<String> adapterVersions, boolean draining) {
  public WorkerLoad {
    adapterVersions = List.copyOf(adapterVersions);
  }
}
