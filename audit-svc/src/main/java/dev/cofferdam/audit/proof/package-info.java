/** Merkle trees as in RFC 6962, checkpoints as in C2SP: pure functions that also run offline. */
@NullMarked
package dev.cofferdam.audit.proof;

import org.jspecify.annotations.NullMarked;
