/** What is kept, in PostgreSQL. */
@NullMarked
package dev.cofferdam.metering.kept.postgres;

import org.jspecify.annotations.NullMarked;
