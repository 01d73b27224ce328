/** The commands of {@code ./cofferdam}. */
@NullMarked
package dev.cofferdam.local.command;

import org.jspecify.annotations.NullMarked;
