package dev.cofferdam.worker.execution.cuda.driver;

/**
 * A function that runs on the device.
 *
 * @param name of it, for messages
 * @param handle the driver's
 */
public record Kernel(String name, long handle) {}
