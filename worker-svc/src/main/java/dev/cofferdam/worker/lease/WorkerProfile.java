package dev.cofferdam.worker.lease;

/**
 * What a worker says of itself.
 *
 * @param workerId unique among live workers
 * @param incarnation larger for each start of the same worker
 * @param pool its pool
 * @param endpoint host:port of its WorkerService
 * @param model the model that it serves
 * @param zone availability zone, empty where unknown
 * @param slots batch slots
 * @param kvBlocks KV blocks in all
 * @param blockTokens tokens of a block
 * @param blockBytes bytes of a block
 * @param adapterSlots different adapters that may run at once
 */
public record WorkerProfile(
    String workerId,
    long incarnation,
    String pool,
    String endpoint,
    String model,
    String zone,
    int slots,
    int kvBlocks,
    int blockTokens,
    long blockBytes,
    int adapterSlots) {}
