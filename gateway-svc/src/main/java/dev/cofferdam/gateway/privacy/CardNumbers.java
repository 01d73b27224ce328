package dev.cofferdam.gateway.privacy;

import org.apache.commons.validator.routines.CreditCardValidator;
import org.apache.commons.validator.routines.CreditCardValidator.CreditCardRange;

/**
 * Payment card numbers: 13 to 19 digits in a range that a network issues, with a right check digit
 * (ISO/IEC 7812), alone or in groups with a space or a hyphen between them.
 */
final class CardNumbers implements Detector {
  private static final int DIGITS_MIN = 13;
  private static final int DIGITS_MAX = 19;

  private static final CreditCardValidator NETWORKS =
      new CreditCardValidator(
          CreditCardValidator.AMEX
              + CreditCardValidator.VISA
              + CreditCardValidator.MASTERCARD
              + CreditCardValidator.DISCOVER
              + CreditCardValidator.DINERS);

  /** JCB and UnionPay. */
  private static final CreditCardValidator MORE_NETWORKS =
      new CreditCardValidator(
          new CreditCardRange[] {
            new CreditCardRange("3528", "3589", 16, 19), new CreditCardRange("62", null, 16, 19)
          });

  @Override
  public void find(String text, Finding found) {
    int i = 0;
    while (i < text.length()) {
      if (!Chars.digit(text, i)) {
        i++;
      } else {
        int end = Chars.letterOrDigit(text, i - 1) ? -1 : numberFrom(text, i);
        if (end > 0) {
          found.at(i, end);
        }
        i = end > 0 ? end : Chars.endOfDigits(text, i);
      }
    }
  }

  /** Behind the number that begins here with a whole group of digits; -1 where there is none. */
  private static int numberFrom(String text, int start) {
    StringBuilder digits = new StringBuilder(DIGITS_MAX);
    int at = start;
    while (true) {
      int end = Chars.endOfDigits(text, at);
      if (digits.length() + end - at > DIGITS_MAX) {
        return -1;
      }
      digits.append(text, at, end);
      if (digits.length() >= DIGITS_MIN && !Chars.letter(text, end) && issued(digits.toString())) {
        return end;
      }
      if (!Chars.groupSeparator(text, end) || !Chars.digit(text, end + 1)) {
        return -1;
      }
      at = end + 1;
    }
  }

  private static boolean issued(String digits) {
    return NETWORKS.isValid(digits) || MORE_NETWORKS.isValid(digits);
  }
}
