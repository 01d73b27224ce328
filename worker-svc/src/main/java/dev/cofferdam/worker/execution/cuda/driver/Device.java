package dev.cofferdam.worker.execution.cuda.driver;

/**
 * A GPU, or an instance of one (MIG) that this process sees as one.
 *
 * @param ordinal its number among those that {@code CUDA_VISIBLE_DEVICES} leaves
 * @param name of the product
 * @param major of the compute capability
 * @param minor of the compute capability
 * @param multiprocessors streaming multiprocessors
 * @param memoryBytes of device memory
 * @param sharedBytesMax shared memory that a thread block may ask for
 */
public record Device(
    int ordinal,
    String name,
    int major,
    int minor,
    int multiprocessors,
    long memoryBytes,
    int sharedBytesMax) {}
