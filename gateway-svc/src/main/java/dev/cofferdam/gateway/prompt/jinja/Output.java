package dev.cofferdam.gateway.prompt.jinja;

import dev.cofferdam.gateway.prompt.MarkedText;

/** What a template has written so far. */
final class Output {
  private static final int CHARACTERS_MAX = 32 << 20;

  private final StringBuilder text;
  private final StringBuilder marks;

  Output() {
    this(16);
  }

  /**
   * @param characters about as many as will be written
   */
  Output(int characters) {
    this.text = new StringBuilder(characters);
    this.marks = new StringBuilder(characters);
  }

  void write(MarkedText more) {
    if (text.length() + more.text().length() > CHARACTERS_MAX) {
      throw TemplateException.failed("an output that long");
    }
    text.append(more.text());
    marks.append(more.marks());
  }

  MarkedText text() {
    return new MarkedText(text.toString(), marks.toString());
  }
}
