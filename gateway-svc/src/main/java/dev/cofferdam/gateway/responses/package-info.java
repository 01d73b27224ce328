/** Whole answers, sealed under their tenant's key, to be given again to the same tenant. */
@NullMarked
package dev.cofferdam.gateway.responses;

import org.jspecify.annotations.NullMarked;
