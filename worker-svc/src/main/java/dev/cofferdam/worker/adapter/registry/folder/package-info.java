/** Adapters in folders of a file system. */
@NullMarked
package dev.cofferdam.worker.adapter.registry.folder;

import org.jspecify.annotations.NullMarked;
