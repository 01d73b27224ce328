package dev.cofferdam.gateway.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.prompt.PreTokenizer.Step;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What cuts without a regular expression against the regular expression itself. {@code
 * -Dcofferdam.fuzz.inputs=N} sets the number of random texts.
 */
class WordPatternTest {
  private static final int INPUTS = Integer.getInteger("cofferdam.fuzz.inputs", 20_000);

  /** A character of each kind that patterns tell apart, and what they name. */
  private static final String[] PARTS = {
    "a",
    "B",
    "\u01c5",
    "\u02b0",
    "\u4e16",
    "\u0301",
    "\u0903",
    "\u20dd",
    "7",
    "\u2167",
    "\u00b2",
    " ",
    "\t",
    "\n",
    "\r",
    "\u00a0",
    "\u0085",
    "\u2028",
    "\u3000",
    "\u001c",
    "\u200b",
    "'",
    "!",
    "/",
    "\u20ac",
    "\u0000",
    "s",
    "S",
    "\u017f",
    "t",
    "T",
    "r",
    "e",
    "E",
    "v",
    "m",
    "l",
    "L",
    "d",
    "\u0130",
    "\u0131",
    "\u212a",
    "\ud835\udd38",
    "\ud835\udd52",
    "\ud840\udc00",
    "\ud83c\udf89",
    "\ud801\udc00",
    "\ud801\udc28",
    "\ud834\udd65",
    "\ud835\udfd9",
    "\udb40\udd00",
    "\ud800",
    "\udc00",
    "'s",
    "'LL",
    "'re",
    "'Ve",
    "don't",
    "  ",
    "\r\n",
    "\n\n"
  };

  /** The same expression, but none that is known. */
  private static PreTokenizer regex(WordPattern... patterns) {
    return steps(
        patterns, p -> Pattern.compile("(?:" + p.pattern().pattern() + ")", p.pattern().flags()));
  }

  private static PreTokenizer known(WordPattern... patterns) {
    return steps(patterns, WordPattern::pattern);
  }

  private static PreTokenizer steps(
      WordPattern[] patterns, java.util.function.Function<WordPattern, Pattern> pattern) {
    return new PreTokenizer(
        Arrays.stream(patterns).map(p -> (Step) new Step.Isolate(pattern.apply(p))).toList());
  }

  private static List<String> words(PreTokenizer words, String text) {
    List<String> list = new ArrayList<>();
    words.split(
        text,
        true,
        (utf8, from, to) -> list.add(new String(utf8, from, to - from, StandardCharsets.UTF_8)));
    return list;
  }

  private static void compare(
      WordPattern[] patterns, int seed, BiFunction<SplittableRandom, Integer, String> part) {
    PreTokenizer oracle = regex(patterns);
    PreTokenizer ours = known(patterns);
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < INPUTS; i++) {
      StringBuilder text = new StringBuilder();
      for (int parts = random.nextInt(1, 12); parts > 0; parts--) {
        text.append(part.apply(random, i));
      }
      assertThat(words(ours, text.toString()))
          .as("seed %d, input %d: %s", seed, i, shown(text))
          .isEqualTo(words(oracle, text.toString()));
    }
  }

  private static String shown(CharSequence text) {
    StringBuilder out = new StringBuilder();
    text.chars().forEach(c -> out.append(String.format("\\u%04x", c)));
    return out.toString();
  }

  @ParameterizedTest
  @EnumSource
  void cutsAsItsRegularExpression(WordPattern pattern) {
    compare(new WordPattern[] {pattern}, 11, (random, i) -> PARTS[random.nextInt(PARTS.length)]);
  }

  @ParameterizedTest
  @EnumSource
  void cutsAnyCharactersAsItsRegularExpression(WordPattern pattern) {
    compare(
        new WordPattern[] {pattern},
        12,
        (random, i) ->
            random.nextInt(3) == 0
                ? PARTS[random.nextInt(PARTS.length)]
                : Character.toString(
                    random.nextInt(random.nextBoolean() ? 0x3000 : Character.MAX_CODE_POINT + 1)));
  }

  @ParameterizedTest
  @EnumSource
  void cutsWhatAnotherOneCutAsRegularExpressionsDo(WordPattern pattern) {
    compare(
        new WordPattern[] {WordPattern.NUMBERS, pattern},
        13,
        (random, i) -> PARTS[random.nextInt(PARTS.length)]);
  }

  /** Each alone, doubled, behind a space, between letters and before a newline. */
  @ParameterizedTest
  @EnumSource
  void classesEveryCharacterAsItsRegularExpression(WordPattern pattern) {
    PreTokenizer oracle = regex(pattern);
    PreTokenizer ours = known(pattern);
    for (int c = 0; c <= Character.MAX_CODE_POINT; c += c < 0x20000 ? 1 : 97) {
      String text = "%1$s%1$sa%1$sB %1$s\n%1$s.%1$s1".formatted(Character.toString(c));
      assertThat(words(ours, text)).as("%x", c).isEqualTo(words(oracle, text));
    }
  }
}
