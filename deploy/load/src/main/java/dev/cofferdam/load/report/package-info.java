/** A run on paper: text, one page of HTML with its plots inside, JSON, and histogram logs. */
@NullMarked
package dev.cofferdam.load.report;

import org.jspecify.annotations.NullMarked;
