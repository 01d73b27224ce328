package dev.cofferdam.gateway.prompt.jinja;

import org.jspecify.annotations.Nullable;

/** Something that is called. */
interface Function {
  @Nullable Object call(Arguments arguments);
}
