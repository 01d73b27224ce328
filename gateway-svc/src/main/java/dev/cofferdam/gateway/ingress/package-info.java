/**
 * Requests on their way in, whatever protocol they came by: checked, resolved against the caller's
 * models and adapters, tokenised, and fitted into the context.
 */
@NullMarked
package dev.cofferdam.gateway.ingress;

import org.jspecify.annotations.NullMarked;
