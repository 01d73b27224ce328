/** A certificate authority for one machine. */
@NullMarked
package dev.cofferdam.local.pki;

import org.jspecify.annotations.NullMarked;
