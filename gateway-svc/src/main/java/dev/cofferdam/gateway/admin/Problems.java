package dev.cofferdam.gateway.admin;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;

/** What is wrong with a record, all of it, so that it can be put right at once. */
public final class Problems {
  private static final int SHOWN_LENGTH_MAX = 80;

  /** Of a hostile record the first few suffice; an answer's headers are bounded. */
  private static final int FOUND_MAX = 24;

  private final List<String> found = new ArrayList<>();

  /** Notes a problem: "field: value (expected: …)". */
  public void add(String field, Object value, String expected) {
    if (found.size() == FOUND_MAX) {
      return;
    }
    String text = String.valueOf(value);
    String shown =
        text.length() > SHOWN_LENGTH_MAX ? text.substring(0, SHOWN_LENGTH_MAX) + "…" : text;
    found.add(
        field + ": " + (shown.isEmpty() ? "missing" : shown) + " (expected: " + expected + ")");
  }

  /** Notes a problem unless the value is in the range. */
  public void range(String field, long value, long least, long most) {
    if (value < least || value > most) {
      add(field, value, least + " to " + most);
    }
  }

  /** Notes a problem unless the text matches. */
  public void form(String field, String value, Pattern form) {
    if (!form.matcher(value).matches()) {
      add(field, value, form.pattern());
    }
  }

  /** Notes a problem for each text that does not match. */
  public void forms(String field, Collection<String> values, Pattern form) {
    values.forEach(value -> form(field, value, form));
  }

  /** The problems so far. */
  public List<String> found() {
    return List.copyOf(found);
  }

  /**
   * Ends the examination.
   *
   * @throws RefusedException INVALID_REQUEST with all problems, where there are any
   */
  public void refuseIfAny() {
    if (!found.isEmpty()) {
      throw Refusal.of(ErrorCode.INVALID_REQUEST, String.join("; ", found)).asException();
    }
  }
}
