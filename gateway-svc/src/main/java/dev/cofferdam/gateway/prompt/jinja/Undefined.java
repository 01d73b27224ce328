package dev.cofferdam.gateway.prompt.jinja;

/** The value of what there is not: false, empty, and an error where more is asked of it. */
enum Undefined {
  INSTANCE
}
