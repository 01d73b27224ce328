/** The slow, obviously right executor in double precision that the others are tested against. */
@NullMarked
package dev.cofferdam.worker.execution.reference;

import org.jspecify.annotations.NullMarked;
