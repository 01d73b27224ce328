package dev.cofferdam.gateway.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OutputTextTest {
  private static final PromptFormat FORMAT = SampleFormats.SUPPORT_DESK;
  private static final int EOT = 4095;

  /** One token for each byte, so that a test decides where tokens end. */
  private static List<Integer> bytewise(String text) {
    List<Integer> tokens = new ArrayList<>();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      tokens.add(tokenOf(b));
    }
    return tokens;
  }

  private static int tokenOf(byte b) {
    for (int id = 0; id < FORMAT.tokenizer().size(); id++) {
      byte[] bytes = FORMAT.tokenizer().bytes(id);
      if (bytes.length == 1 && bytes[0] == b) {
        return id;
      }
    }
    throw new AssertionError("no token for byte " + b);
  }

  @Test
  void noPieceHoldsHalfACharacter() {
    OutputText output = FORMAT.output(List.of());
    List<String> pieces = new ArrayList<>();
    for (int token : bytewise("é€🎉x")) {
      pieces.add(output.accept(token).text());
    }
    assertThat(pieces).containsExactly("", "é", "", "", "€", "", "", "", "🎉", "x");
    assertThat(output.end().text()).isEmpty();
  }

  @Test
  void aCharacterThatNeverEndsIsReplacedAtTheEnd() {
    OutputText output = FORMAT.output(List.of());
    List<Integer> tokens = bytewise("🎉");
    assertThat(output.accept(tokens.get(0)).text()).isEmpty();
    assertThat(output.accept(tokens.get(1)).text()).isEmpty();
    assertThat(output.end().text()).isEqualTo("\uFFFD");
  }

  @Test
  void bytesThatAreNoCharacterAreReplacedAtOnce() {
    OutputText output = FORMAT.output(List.of());
    assertThat(output.accept(tokenOf((byte) 0xff)).text()).isEqualTo("\uFFFD");
    assertThat(output.accept(tokenOf((byte) 'a')).text()).isEqualTo("a");
  }

  @Test
  void specialTokensAddNothing() {
    OutputText output = FORMAT.output(List.of());
    assertThat(output.accept(EOT).text()).isEmpty();
    assertThat(output.tokens()).isEqualTo(1);
  }

  @Test
  void theBeginningOfAStopTextIsHeldBackAndReleasedWhenItIsNone() {
    OutputText output = FORMAT.output(List.of("ab!"));
    List<OutputText.Piece> pieces = bytewise("xabab?").stream().map(output::accept).toList();
    assertThat(pieces.stream().map(OutputText.Piece::text))
        .containsExactly("x", "", "", "ab", "", "ab?");
    assertThat(pieces.stream().map(OutputText.Piece::completedTokens))
        .containsExactly(1, 1, 1, 3, 3, 6);
  }

  @Test
  void ofStopTextsThatEndTogetherTheLongestCounts() {
    OutputText output = FORMAT.output(List.of("b", "ab"));
    List<Integer> tokens = bytewise("xab");
    assertThat(output.accept(tokens.get(0)).text()).isEqualTo("x");
    assertThat(output.accept(tokens.get(1)).text()).isEmpty();
    OutputText.Piece last = output.accept(tokens.get(2));
    assertThat(last.stopped()).isTrue();
    assertThat(last.text()).isEmpty();
    assertThat(output.tokens()).isEqualTo(3);
  }

  static IntStream seeds() {
    return IntStream.range(0, 300);
  }

  /** Whatever the borders of tokens are, the output is the text before the first stop text. */
  @ParameterizedTest
  @MethodSource("seeds")
  void textIsTheSameWhereverTokensEnd(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    String[] alphabet = {"a", "b", "ab", "é", "€", "🎉", "\n"};
    String text = word(random, alphabet, random.nextInt(1, 40));
    List<String> stops = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      stops.add(word(random, alphabet, random.nextInt(1, 5)));
    }
    int[] tokens = random.nextBoolean() ? merged(text) : ints(bytewise(text));
    OutputText output = FORMAT.output(stops);
    StringBuilder out = new StringBuilder();
    boolean stopped = false;
    for (int i = 0; i < tokens.length && !stopped; i++) {
      OutputText.Piece piece = output.accept(tokens[i]);
      assertThat(piece.text()).as("seed %d", seed).doesNotContain("\uFFFD");
      out.append(piece.text());
      stopped = piece.stopped();
    }
    if (!stopped) {
      out.append(output.end().text());
    }
    assertThat(out.toString()).as("seed %d", seed).isEqualTo(expected(text, stops));
  }

  private static int[] merged(String text) {
    int[] tokens = FORMAT.ofText(text);
    return java.util.Arrays.copyOfRange(tokens, 1, tokens.length);
  }

  private static int[] ints(List<Integer> list) {
    return list.stream().mapToInt(Integer::intValue).toArray();
  }

  private static String word(SplittableRandom random, String[] alphabet, int length) {
    StringBuilder word = new StringBuilder();
    for (int i = 0; i < length; i++) {
      word.append(alphabet[random.nextInt(alphabet.length)]);
    }
    return word.toString();
  }

  /** The text up to the stop text that ends first, the longest of those that end there. */
  private static String expected(String text, List<String> stops) {
    for (int end = 1; end <= text.length(); end++) {
      int cut = -1;
      for (String stop : stops) {
        if (text.substring(0, end).endsWith(stop)) {
          cut = cut < 0 ? end - stop.length() : Math.min(cut, end - stop.length());
        }
      }
      if (cut >= 0) {
        return text.substring(0, cut);
      }
    }
    return text;
  }
}
