/** Wiring: configuration, life cycle, health, metrics; and the log's benchmark. */
@NullMarked
package dev.cofferdam.audit.app;

import org.jspecify.annotations.NullMarked;
