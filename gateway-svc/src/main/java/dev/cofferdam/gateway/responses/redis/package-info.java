/** Sealed answers in Redis. */
@NullMarked
package dev.cofferdam.gateway.responses.redis;

import org.jspecify.annotations.NullMarked;
