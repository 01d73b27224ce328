/** Keys that lie in files. */
@NullMarked
package dev.cofferdam.audit.sealing.file;

import org.jspecify.annotations.NullMarked;
