package dev.cofferdam.gateway.prompt.jinja;

import org.jspecify.annotations.Nullable;

/**
 * Something with a value: null (none), {@link Undefined}, Boolean, Long, Double, {@link
 * dev.cofferdam.gateway.prompt.MarkedText}, a List, a Map, a {@link Namespace} or a {@link
 * Function}.
 */
interface Expression {
  @Nullable Object value(Scope scope);
}
