/** Every way to change a log that is tried on copies of one, and where it has to be found. */
@NullMarked
package dev.cofferdam.audit.log.tampering;

import org.jspecify.annotations.NullMarked;
