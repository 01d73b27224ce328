/** The log in PostgreSQL: leaves, tree nodes and offsets in one transaction, one sequencer. */
@NullMarked
package dev.cofferdam.audit.log.postgres;

import org.jspecify.annotations.NullMarked;
