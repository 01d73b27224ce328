/**
 * Where adapters come from: a store that is the truth, a cache before it, and the check that what
 * was read is the version that was authorised.
 */
@NullMarked
package dev.cofferdam.worker.adapter.registry;

import org.jspecify.annotations.NullMarked;
