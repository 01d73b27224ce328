package dev.cofferdam.gateway.prompt.jinja;

/** A chat template that is broken or uses something of Jinja that is not offered, by name. */
public final class UnsupportedTemplateException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UnsupportedTemplateException(String what) {
    super("chat template: " + what + " is not supported");
  }
}
