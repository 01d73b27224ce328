/** Who sees which records. */
@NullMarked
package dev.cofferdam.audit.api;

import org.jspecify.annotations.NullMarked;
