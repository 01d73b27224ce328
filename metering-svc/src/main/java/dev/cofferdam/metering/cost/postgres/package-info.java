/** What costs are made of, in PostgreSQL. */
@NullMarked
package dev.cofferdam.metering.cost.postgres;

import org.jspecify.annotations.NullMarked;
