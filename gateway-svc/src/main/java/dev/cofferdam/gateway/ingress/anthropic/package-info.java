/** Anthropic's Messages API over the REST edge. */
@NullMarked
package dev.cofferdam.gateway.ingress.anthropic;

import org.jspecify.annotations.NullMarked;
