/** Processes that are started, watched, stopped, and never left behind; ports and locks. */
@NullMarked
package dev.cofferdam.local.process;

import org.jspecify.annotations.NullMarked;
