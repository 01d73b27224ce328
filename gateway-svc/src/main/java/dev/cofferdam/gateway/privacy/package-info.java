/**
 * Personal data in what clients write: found, masked before anything else sees it, and put back for
 * the caller.
 */
@NullMarked
package dev.cofferdam.gateway.privacy;

import org.jspecify.annotations.NullMarked;
