package dev.cofferdam.tenancy.mig;

/**
 * A GPU of the node.
 *
 * @param index as {@code nvidia-smi} counts, from 0
 * @param kind what it is
 */
public record Gpu(int index, GpuKind kind) {}
