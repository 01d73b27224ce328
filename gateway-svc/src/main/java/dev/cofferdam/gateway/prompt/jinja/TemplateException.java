package dev.cofferdam.gateway.prompt.jinja;

/**
 * A conversation that a template cannot render or refuses. Its message names the template's doing
 * and never a value: values are content.
 */
final class TemplateException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean raised;

  private TemplateException(String message, boolean raised) {
    super(message, null, false, false);
    this.raised = raised;
  }

  /** Something that fails in Jinja, too. */
  static TemplateException failed(String what) {
    return new TemplateException(what, false);
  }

  /** The template called raise_exception. */
  static TemplateException raised() {
    return new TemplateException("raised by the template", true);
  }

  boolean isRaised() {
    return raised;
  }
}
