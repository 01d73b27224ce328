/** FOCUS exports as Parquet. */
@NullMarked
package dev.cofferdam.metering.focus.parquet;

import org.jspecify.annotations.NullMarked;
