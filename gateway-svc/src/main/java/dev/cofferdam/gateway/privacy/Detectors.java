package dev.cofferdam.gateway.privacy;

import dev.cofferdam.vocabulary.PersonalData;
import dev.cofferdam.vocabulary.PrivacyPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import java.util.Set;
import java.util.TreeMap;

/** Finds the kinds of personal data that a policy names. Immutable and thread-safe. */
final class Detectors {
  private static final Map<PersonalData, Detector> ALIKE_EVERYWHERE =
      Map.of(
          PersonalData.KEY_MATERIAL, new KeyMaterial(),
          PersonalData.IBAN, new Ibans(),
          PersonalData.CARD, new CardNumbers(),
          PersonalData.EMAIL, new EmailAddresses(),
          PersonalData.SSN, new SocialSecurityNumbers(),
          PersonalData.IP_ADDRESS, new IpAddresses());

  /** In the order of {@link PersonalData}: of two that overlap, the earlier kind stays. */
  private final Map<PersonalData, Detector> detectors = new TreeMap<>();

  Detectors(PrivacyPolicy policy) {
    boolean off = policy.mode() == PrivacyPolicy.Mode.OFF;
    for (PersonalData kind : off ? Set.<PersonalData>of() : policy.kinds()) {
      detectors.put(
          kind,
          kind == PersonalData.PHONE
              ? new PhoneNumbers(policy.phoneRegion().orElse(PhoneNumbers.ANYWHERE))
              : ALIKE_EVERYWHERE.get(kind));
    }
  }

  /**
   * A place of a text.
   *
   * @param start the first character
   * @param end behind the last
   */
  record Found(PersonalData kind, int start, int end) {}

  /** What is there, from the left to the right, without overlaps. */
  List<Found> in(String text) {
    TreeMap<Integer, Found> found = new TreeMap<>();
    detectors.forEach(
        (kind, detector) ->
            detector.find(
                text,
                (start, end) -> {
                  Entry<Integer, Found> before = found.lowerEntry(end);
                  if (before == null || before.getValue().end() <= start) {
                    found.put(start, new Found(kind, start, end));
                  }
                }));
    return new ArrayList<>(found.values());
  }
}
