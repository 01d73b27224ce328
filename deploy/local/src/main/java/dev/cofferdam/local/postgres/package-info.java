/** A PostgreSQL server in a process of its own. */
@NullMarked
package dev.cofferdam.local.postgres;

import org.jspecify.annotations.NullMarked;
