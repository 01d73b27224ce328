/** The CUDA driver: devices, memory, modules, streams and graphs, each with its end. */
@NullMarked
package dev.cofferdam.worker.execution.cuda.driver;

import org.jspecify.annotations.NullMarked;
