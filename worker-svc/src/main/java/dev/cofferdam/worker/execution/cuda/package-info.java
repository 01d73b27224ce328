/** Runs steps on a CUDA device, with the kernels of {@code src/main/cuda}. */
@NullMarked
package dev.cofferdam.worker.execution.cuda;

import org.jspecify.annotations.NullMarked;
