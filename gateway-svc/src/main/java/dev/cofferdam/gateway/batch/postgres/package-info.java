/** Files and batch jobs in PostgreSQL, sealed, behind row-level security. */
@NullMarked
package dev.cofferdam.gateway.batch.postgres;

import org.jspecify.annotations.NullMarked;
