package dev.cofferdam.gateway.privacy;

import com.google.i18n.phonenumbers.NumberParseException;
import com.google.i18n.phonenumbers.PhoneNumberUtil;
import com.google.i18n.phonenumbers.Phonenumber.PhoneNumber;
import dev.cofferdam.vocabulary.PersonalData;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.commons.validator.routines.checkdigit.LuhnCheckDigit;

/** Sentences with personal data at known places, and with what resembles it; from a seed. */
final class LabelledTexts {
  private static final List<String> AROUND =
      List.of(
          "Please use %s for this.",
          "%s",
          "Is %s right?",
          "Old: %s",
          "(%s)",
          "It was %s, I think.",
          "Kunde %s hat angerufen.",
          "\"%s\"",
          "see\t%s\n",
          "我的是 %s 谢谢",
          "%s; nothing else");
  private static final List<String> REGIONS = List.of("US", "DE", "GB", "FR", "IN", "BR", "JP");
  private static final List<String> NAMES =
      List.of("ada", "j.smith", "info", "maria-luisa", "x_91", "bob+news", "zoë");
  private static final List<String> HOSTS =
      List.of("example.org", "mail.example.co.uk", "a-b.de", "firma.io", "sub.dept.example.com");
  private static final PhoneNumberUtil PHONES = PhoneNumberUtil.getInstance();

  private final Random random;

  LabelledTexts(long seed) {
    random = new Random(seed);
  }

  /**
   * A text.
   *
   * @param kind what it holds; null for what resembles personal data and is none
   */
  record Labelled(
      String text, @org.jspecify.annotations.Nullable PersonalData kind, String value) {}

  Labelled next() {
    PersonalData[] kinds = PersonalData.values();
    int choice = random.nextInt(kinds.length * 2);
    PersonalData kind = choice < kinds.length ? kinds[choice] : null;
    String value = kind == null ? decoy() : value(kind);
    return new Labelled(pick(AROUND).formatted(value), kind, value);
  }

  private String value(PersonalData kind) {
    return switch (kind) {
      case CARD -> grouped(card(), 4);
      case IBAN -> grouped(iban(), 4);
      case EMAIL -> pick(NAMES) + "@" + pick(HOSTS);
      case SSN ->
          "%03d-%02d-%04d"
              .formatted(1 + random.nextInt(665), 1 + random.nextInt(99), 1 + random.nextInt(9999));
      case IP_ADDRESS -> random.nextBoolean() ? quad() : sixteenBytes();
      case PHONE -> phone();
      case KEY_MATERIAL -> secret();
    };
  }

  private String decoy() {
    return switch (random.nextInt(10)) {
      case 0 -> grouped(wrongCheckDigit(card()), 4);
      case 1 -> "ORD-" + digits(8) + "-" + digits(4);
      case 2 -> "v" + random.nextInt(9) + "." + random.nextInt(20) + "." + random.nextInt(99);
      case 3 -> "20%02d-%02d-%02d".formatted(digit(), 1 + digit(), 10 + digit());
      case 4 -> new java.util.UUID(random.nextLong(), random.nextLong()).toString();
      case 5 -> "EUR " + digits(3) + "." + digits(2);
      case 6 -> "%02d:%02d:%02d".formatted(digit(), 10 + digit(), 20 + digit());
      case 7 -> wrongCheckDigit(iban());
      case 8 -> pick(NAMES) + "@" + "localhost";
      default -> "ns" + digit() + "::type" + digit();
    };
  }

  private int digit() {
    return random.nextInt(9);
  }

  private <T> T pick(List<T> from) {
    return from.get(random.nextInt(from.size()));
  }

  private String digits(int count) {
    StringBuilder digits = new StringBuilder();
    for (int i = 0; i < count; i++) {
      digits.append(random.nextInt(10));
    }
    return digits.toString();
  }

  private String card() {
    String body =
        switch (random.nextInt(5)) {
          case 0 -> "4" + digits(14);
          case 1 -> "5" + (1 + random.nextInt(5)) + digits(13);
          case 2 -> "37" + digits(12);
          case 3 -> "6011" + digits(11);
          default -> "3530" + digits(11);
        };
    try {
      return body + LuhnCheckDigit.LUHN_CHECK_DIGIT.calculate(body);
    } catch (org.apache.commons.validator.routines.checkdigit.CheckDigitException e) {
      throw new IllegalStateException(e);
    }
  }

  private String iban() {
    String country = pick(List.of("DE18", "FR", "NL", "ES20", "GB"));
    String account =
        switch (country) {
          case "DE18" -> digits(18);
          case "ES20" -> digits(20);
          case "FR" -> digits(23);
          case "NL" -> "ABNA" + digits(10);
          default -> "WEST" + digits(14);
        };
    String code = country.substring(0, 2);
    StringBuilder number = new StringBuilder();
    for (char c : (account + code + "00").toCharArray()) {
      number.append(Character.getNumericValue(c));
    }
    int check = 98 - new BigInteger(number.toString()).mod(BigInteger.valueOf(97)).intValue();
    return "%s%02d%s".formatted(code, check, account);
  }

  private static String wrongCheckDigit(String number) {
    int last = number.length() - 1;
    return number.substring(0, last)
        + (number.charAt(last) == '9' ? 0 : number.charAt(last) - '0' + 1);
  }

  private String grouped(String number, int size) {
    String separator = pick(List.of("", " ", " ", "-"));
    List<String> groups = new ArrayList<>();
    for (int i = 0; i < number.length(); i += size) {
      groups.add(number.substring(i, Math.min(number.length(), i + size)));
    }
    return String.join(separator, groups);
  }

  private String quad() {
    return "%d.%d.%d.%d"
        .formatted(1 + random.nextInt(223), random.nextInt(256), random.nextInt(256), digit());
  }

  private String sixteenBytes() {
    List<String> groups = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      groups.add(Integer.toHexString(random.nextInt(1 << 16)));
    }
    return random.nextBoolean()
        ? String.join(":", groups)
        : String.join(":", groups.subList(0, 3)) + "::" + groups.get(7);
  }

  private String phone() {
    String region = pick(REGIONS);
    while (true) {
      String example = Long.toString(PHONES.getExampleNumber(region).getNationalNumber());
      String national = example.substring(0, example.length() - 4) + digits(4);
      try {
        PhoneNumber number = PHONES.parse(national, region);
        if (PHONES.isValidNumber(number)) {
          return PHONES.format(
              number,
              random.nextBoolean()
                  ? PhoneNumberUtil.PhoneNumberFormat.E164
                  : PhoneNumberUtil.PhoneNumberFormat.INTERNATIONAL);
        }
      } catch (NumberParseException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private String secret() {
    return switch (random.nextInt(4)) {
      case 0 -> "AKIA" + letters(16).toUpperCase(java.util.Locale.ROOT);
      case 1 -> "ghp_" + letters(36);
      case 2 -> "sk-" + letters(48);
      default -> "eyJ" + letters(20) + ".eyJ" + letters(40) + "." + letters(43);
    };
  }

  private String letters(int count) {
    StringBuilder letters = new StringBuilder();
    for (int i = 0; i < count; i++) {
      letters.append((char) ('a' + random.nextInt(26)));
    }
    return letters.toString();
  }
}
