package dev.cofferdam.gateway.prompt.jinja;

/** Something that writes, or changes variables. */
interface Statement {
  /** How a statement ended. */
  enum Flow {
    ON,
    BREAK,
    CONTINUE
  }

  Flow run(Scope scope, Output out);
}
