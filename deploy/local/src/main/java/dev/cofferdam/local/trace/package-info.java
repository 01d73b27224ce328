/** Receives spans over OTLP, keeps the last of them in files, prints a request's tree. */
@NullMarked
package dev.cofferdam.local.trace;

import org.jspecify.annotations.NullMarked;
