package dev.cofferdam.gateway.privacy;

import com.google.i18n.phonenumbers.PhoneNumberMatch;
import com.google.i18n.phonenumbers.PhoneNumberUtil;

/** Telephone numbers that are valid in their country's plan. */
final class PhoneNumbers implements Detector {
  private static final PhoneNumberUtil PLANS = PhoneNumberUtil.getInstance();

  /** Only with a country code. */
  static final String ANYWHERE = "ZZ";

  private final String region;

  /**
   * @param region country whose numbers are found without a country code, or {@link #ANYWHERE}
   */
  PhoneNumbers(String region) {
    this.region = region;
  }

  @Override
  public void find(String text, Finding found) {
    for (PhoneNumberMatch match :
        PLANS.findNumbers(text, region, PhoneNumberUtil.Leniency.VALID, Long.MAX_VALUE)) {
      String raw = match.rawString();
      boolean opensOnly = raw.startsWith("(") && raw.indexOf(')') < 0;
      found.at(match.start() + (opensOnly ? 1 : 0), match.end());
    }
  }
}
