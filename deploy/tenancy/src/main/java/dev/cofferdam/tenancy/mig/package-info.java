/**
 * Cuts GPUs into MIG instances: what fits where by NVIDIA's placement rules, and what to type for
 * it.
 */
@NullMarked
package dev.cofferdam.tenancy.mig;

import org.jspecify.annotations.NullMarked;
