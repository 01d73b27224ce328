package dev.cofferdam.gateway.privacy;

import java.util.Locale;
import org.apache.commons.validator.routines.IBANValidator;

/**
 * International bank account numbers (ISO 13616): of a registered country, of its length, with
 * right check digits, written together or in groups.
 */
final class Ibans implements Detector {
  private static final IBANValidator REGISTRY = IBANValidator.getInstance();

  @Override
  public void find(String text, Finding found) {
    for (int i = 0; i + 4 < text.length(); i++) {
      if (Chars.digit(text, i + 2)
          && Chars.digit(text, i + 3)
          && latin(text, i)
          && latin(text, i + 1)
          && !Chars.letterOrDigit(text, i - 1)) {
        int end = end(text, i);
        if (end > 0) {
          found.at(i, end);
          i = end - 1;
        }
      }
    }
  }

  private static int end(String text, int start) {
    String country = text.substring(start, start + 2).toUpperCase(Locale.ROOT);
    IBANValidator.Validator form = REGISTRY.getValidator(country);
    if (form == null) {
      return -1;
    }
    StringBuilder number = new StringBuilder(form.getIbanLength());
    int at = start;
    while (number.length() < form.getIbanLength()) {
      if (latin(text, at) || Chars.digit(text, at)) {
        number.append(Character.toUpperCase(text.charAt(at++)));
      } else if (Chars.groupSeparator(text, at) && Chars.letterOrDigit(text, at + 1)) {
        at++;
      } else {
        return -1;
      }
    }
    return !Chars.letterOrDigit(text, at) && REGISTRY.isValid(number.toString()) ? at : -1;
  }

  private static boolean latin(String text, int i) {
    return i < text.length() && text.charAt(i) < 128 && Character.isLetter(text.charAt(i));
  }
}
