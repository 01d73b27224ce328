/**
 * Whole answers, sealed under their tenant's key, to be given again to the same tenant: to the same
 * input, or to a question that means the same.
 */
@NullMarked
package dev.cofferdam.gateway.responses;

import org.jspecify.annotations.NullMarked;
