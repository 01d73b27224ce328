/** The log as files that anybody can copy, keep and verify (C2SP tlog-tiles). */
@NullMarked
package dev.cofferdam.audit.publication;

import org.jspecify.annotations.NullMarked;
