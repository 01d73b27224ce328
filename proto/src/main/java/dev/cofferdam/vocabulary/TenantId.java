package dev.cofferdam.vocabulary;

import java.util.regex.Pattern;

/**
 * A tenant's identity, part of every key that reaches tenant data.
 *
 * @param value {@code [a-z0-9-]{1,63}}
 */
public record TenantId(String value) implements Comparable<TenantId> {
  private static final Pattern FORM = Pattern.compile("[a-z0-9-]{1,63}");

  /** Nobody: owns what an operator declared public. No tenant has this id. */
  public static final TenantId PUBLIC = new TenantId("cofferdam-public");

  /**
   * @throws IllegalArgumentException where the value has not the form
   */
  public TenantId {
    if (!isValid(value)) {
      throw new IllegalArgumentException("tenant id must match [a-z0-9-]{1,63}");
    }
  }

  /** Whether a text has the form of a tenant id. */
  public static boolean isValid(String value) {
    return FORM.matcher(value).matches();
  }

  @Override
  public int compareTo(TenantId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
