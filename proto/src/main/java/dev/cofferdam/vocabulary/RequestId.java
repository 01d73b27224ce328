package dev.cofferdam.vocabulary;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * A request's identity on every span, event and record.
 *
 * @param value 128 random bits as 32 lower-case hexadecimal digits
 */
public record RequestId(String value) {
  private static final Pattern FORM = Pattern.compile("[0-9a-f]{32}");
  private static final SecureRandom RANDOM = new SecureRandom();

  /**
   * @throws IllegalArgumentException where the value has not the form
   */
  public RequestId {
    if (!isValid(value)) {
      throw new IllegalArgumentException("request id must be 32 hexadecimal digits");
    }
  }

  /** Whether a text has the form of a request id. */
  public static boolean isValid(String value) {
    return FORM.matcher(value).matches();
  }

  /** A fresh, unguessable id. */
  public static RequestId random() {
    byte[] bytes = new byte[16];
    RANDOM.nextBytes(bytes);
    return new RequestId(HexFormat.of().formatHex(bytes));
  }

  @Override
  public String toString() {
    return value;
  }
}
