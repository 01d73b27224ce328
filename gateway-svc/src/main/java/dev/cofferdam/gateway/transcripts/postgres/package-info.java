/** Sealed transcripts in PostgreSQL, behind row-level security. */
@NullMarked
package dev.cofferdam.gateway.transcripts.postgres;

import org.jspecify.annotations.NullMarked;
