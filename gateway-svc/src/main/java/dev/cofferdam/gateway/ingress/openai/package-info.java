/** The OpenAI-compatible REST edge on Vert.x. */
@NullMarked
package dev.cofferdam.gateway.ingress.openai;

import org.jspecify.annotations.NullMarked;
