/** Keys from the environment. */
@NullMarked
package dev.cofferdam.audit.sealing.env;

import org.jspecify.annotations.NullMarked;
