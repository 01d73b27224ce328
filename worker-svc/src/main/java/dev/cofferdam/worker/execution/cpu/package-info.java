/** The executor for CPUs: F32 kernels on the JDK's Vector API, over a paged KV pool in the heap. */
@NullMarked
package dev.cofferdam.worker.execution.cpu;

import org.jspecify.annotations.NullMarked;
