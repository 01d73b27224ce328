/** Documents in PostgreSQL, behind row-level security, found by its full-text search. */
@NullMarked
package dev.cofferdam.gateway.retrieval.postgres;

import org.jspecify.annotations.NullMarked;
