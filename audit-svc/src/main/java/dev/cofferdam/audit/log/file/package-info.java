/** The last signed checkpoint in a file, so that a database that was set back is noticed. */
@NullMarked
package dev.cofferdam.audit.log.file;

import org.jspecify.annotations.NullMarked;
