package dev.cofferdam.vocabulary;

import java.util.Collection;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What happens to personal data in a tenant's input before anything but the gateway sees it.
 *
 * @param mode what is done
 * @param kinds what is searched for
 * @param phoneRegion ISO 3166 code of the country whose telephone numbers are found without a
 *     country code; empty: only those with one
 */
public record PrivacyPolicy(Mode mode, Set<PersonalData> kinds, Optional<String> phoneRegion) {
  /** Nothing is searched for. */
  public static final PrivacyPolicy OFF = of(Mode.OFF);

  /** All kinds are masked. */
  public static final PrivacyPolicy MASK_ALL = of(Mode.MASK);

  private static final Pattern REGION = Pattern.compile("[A-Z]{2}");

  /** What is done with what is found. */
  public enum Mode {
    /** It is not searched for. */
    OFF,
    /** Placeholders take its place, and it takes theirs in the answer. */
    MASK,
    /** The request is refused. */
    REFUSE
  }

  /**
   * @throws IllegalArgumentException where the region is not a country's code
   */
  public PrivacyPolicy {
    kinds = Set.copyOf(kinds);
    if (phoneRegion.isPresent() && !REGION.matcher(phoneRegion.get()).matches()) {
      throw new IllegalArgumentException(
          "phone_region: " + phoneRegion.get() + " (expected: two capital letters)");
    }
  }

  /** A policy for some kinds; none stands for all. */
  public static PrivacyPolicy of(
      Mode mode, Collection<PersonalData> kinds, Optional<String> phoneRegion) {
    return new PrivacyPolicy(
        mode,
        kinds.isEmpty() ? EnumSet.allOf(PersonalData.class) : EnumSet.copyOf(kinds),
        phoneRegion);
  }

  private static PrivacyPolicy of(Mode mode) {
    return of(mode, Set.of(), Optional.empty());
  }
}
