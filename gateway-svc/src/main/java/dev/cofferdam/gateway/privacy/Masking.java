package dev.cofferdam.gateway.privacy;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.PersonalData;
import dev.cofferdam.vocabulary.PrivacyPolicy;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One request's personal data: each value has a placeholder such as {@code [EMAIL_1]}, numbered in
 * the order of the input and the same wherever it stands in the input, so that a conversation that
 * grows keeps its placeholders and its cached beginning. Placeholders that the client wrote are
 * nobody's. Not thread-safe until the whole input is masked; afterwards only read.
 */
public final class Masking {
  /** Nothing is masked. */
  public static final Masking NONE = new Masking(PrivacyPolicy.OFF, List.of());

  private static final Pattern PLACEHOLDER =
      Pattern.compile(
          "\\[(?:"
              + EnumSet.allOf(PersonalData.class).stream()
                  .map(Masking::name)
                  .collect(Collectors.joining("|"))
              + ")_[0-9]{1,9}\\]");

  private final Detectors detectors;
  private final Set<String> written = new HashSet<>();
  private final Map<String, String> placeholders = new HashMap<>();
  private final Map<String, String> values = new LinkedHashMap<>();
  private final Map<PersonalData, Integer> counts = new EnumMap<>(PersonalData.class);
  private int number;

  private Masking(PrivacyPolicy policy, List<String> input) {
    detectors = new Detectors(policy);
    for (String text : input) {
      Matcher matcher = PLACEHOLDER.matcher(text);
      while (matcher.find()) {
        written.add(matcher.group());
      }
    }
  }

  /**
   * The masking of an input.
   *
   * @param input all texts that will be masked
   * @param parameter the input's name, for the refusal
   * @throws RefusedException where the policy refuses what the input holds; names kinds only
   */
  public static Masking of(PrivacyPolicy policy, List<String> input, String parameter) {
    return switch (policy.mode()) {
      case OFF -> NONE;
      case MASK -> new Masking(policy, input);
      case REFUSE -> {
        refuse(policy, input, parameter);
        yield NONE;
      }
    };
  }

  /**
   * A text that is kept, with placeholders for what the policy looks for, whether it masks or
   * refuses that in inputs.
   */
  public static String masked(PrivacyPolicy policy, String text) {
    return policy.mode() == PrivacyPolicy.Mode.OFF
        ? text
        : new Masking(policy, List.of(text)).mask(text);
  }

  private static void refuse(PrivacyPolicy policy, List<String> input, String parameter) {
    Detectors detectors = new Detectors(policy);
    Set<PersonalData> kinds = EnumSet.noneOf(PersonalData.class);
    for (String text : input) {
      detectors.in(text).forEach(found -> kinds.add(found.kind()));
    }
    if (!kinds.isEmpty()) {
      String names = kinds.stream().map(PersonalData::label).collect(Collectors.joining(", "));
      throw Refusal.ofParameter(
              ErrorCode.PERSONAL_DATA,
              parameter,
              "the tenant's policy refuses personal data, and the input holds: " + names)
          .asException();
    }
  }

  /** The text with placeholders. */
  public String mask(String text) {
    List<Detectors.Found> found = detectors.in(text);
    if (found.isEmpty()) {
      return text;
    }
    StringBuilder masked = new StringBuilder(text.length());
    int from = 0;
    for (Detectors.Found place : found) {
      masked.append(text, from, place.start());
      masked.append(placeholder(place.kind(), text.substring(place.start(), place.end())));
      from = place.end();
    }
    return masked.append(text, from, text.length()).toString();
  }

  /** Values by placeholder. */
  Map<String, String> values() {
    return Collections.unmodifiableMap(values);
  }

  /** Different values of each kind that were masked. */
  public Map<PersonalData, Integer> counts() {
    return Collections.unmodifiableMap(counts);
  }

  private String placeholder(PersonalData kind, String value) {
    return placeholders.computeIfAbsent(
        kind + " " + value,
        unused -> {
          String placeholder;
          do {
            placeholder = "[" + name(kind) + "_" + ++number + "]";
          } while (written.contains(placeholder));
          counts.merge(kind, 1, Integer::sum);
          values.put(placeholder, value);
          return placeholder;
        });
  }

  private static String name(PersonalData kind) {
    return kind == PersonalData.KEY_MATERIAL ? "SECRET" : kind.name().toUpperCase(Locale.ROOT);
  }
}
