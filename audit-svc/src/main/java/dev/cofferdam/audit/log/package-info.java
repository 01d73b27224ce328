/** The append-only log: its order, its head, and when a head is signed. */
@NullMarked
package dev.cofferdam.audit.log;

import org.jspecify.annotations.NullMarked;
