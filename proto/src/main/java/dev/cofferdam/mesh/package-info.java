/**
 * How services reach each other: mutual TLS with SPIFFE identities, one table of who may call what,
 * tracing through every hop, and servers and channels with bounds.
 */
@NullMarked
package dev.cofferdam.mesh;

import org.jspecify.annotations.NullMarked;
