/** Witnesses over HTTP (C2SP tlog-witness). */
@NullMarked
package dev.cofferdam.audit.witness.http;

import org.jspecify.annotations.NullMarked;
