package dev.cofferdam.vocabulary;

import java.util.Locale;

/** Kinds of personal data and secrets that inputs are searched for. */
public enum PersonalData {
  /** Private keys, tokens and passwords of known forms. */
  KEY_MATERIAL,
  /** International bank account numbers. */
  IBAN,
  /** Payment card numbers. */
  CARD,
  /** E-mail addresses. */
  EMAIL,
  /** Social security numbers of the United States. */
  SSN,
  /** Addresses of the Internet Protocol, versions 4 and 6. */
  IP_ADDRESS,
  /** Telephone numbers. */
  PHONE;

  /** Lower-case name, as in refusals and metrics. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
