/** Others who watch the log grow and sign that they did. */
@NullMarked
package dev.cofferdam.audit.witness;

import org.jspecify.annotations.NullMarked;
