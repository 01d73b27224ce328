/** A published log in a folder. */
@NullMarked
package dev.cofferdam.audit.publication.file;

import org.jspecify.annotations.NullMarked;
