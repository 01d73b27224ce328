/** Where adapters come from: folders below one root, checked against the version expected. */
@NullMarked
package dev.cofferdam.worker.adapter.registry;

import org.jspecify.annotations.NullMarked;
