/**
 * Paged KV memory: blocks with owners, the tenants' prefix caches over them, and what is evicted
 * for whom. Every block has one owner, or none and is all zeros.
 */
@NullMarked
package dev.cofferdam.worker.kvcache;

import org.jspecify.annotations.NullMarked;
