package dev.cofferdam.gateway.prompt.huggingface;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.prompt.AddedToken;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.prompt.MarkedText;
import dev.cofferdam.gateway.prompt.OutputText;
import dev.cofferdam.gateway.prompt.PromptFormat;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every family's form against Hugging Face's library, over random texts. {@code
 * -Dcofferdam.fuzz.inputs=N} sets the number of each.
 */
class TokenizerOracleTest {
  private static final int INPUTS = Integer.getInteger("cofferdam.fuzz.inputs", 300);

  @TempDir private Path folder;

  private static void each(int seed, Consumer<SplittableRandom> input) {
    SplittableRandom seeds = new SplittableRandom(seed);
    for (int i = 0; i < INPUTS; i++) {
      input.accept(seeds.split());
    }
  }

  @ParameterizedTest
  @EnumSource
  void plainTextBecomesTheLibrarysTokens(Family family) {
    try (Oracle oracle = new Oracle(family.write(folder))) {
      PromptFormat format = read();
      each(
          1,
          random -> {
            String text = FuzzText.text(random, List.of());
            if (!holdsAdded(family, text)) {
              assertThat(format.ofText(text)).as(shown(text)).isEqualTo(oracle.encode(text, true));
            }
          });
    }
  }

  @ParameterizedTest
  @EnumSource
  void templatesTextBecomesTheLibrarysTokens(Family family) {
    try (Oracle oracle = new Oracle(family.write(folder))) {
      PromptFormat format = read();
      each(
          2,
          random -> {
            String text = FuzzText.text(random, family.addedTexts());
            assertThat(format.tokenizer().encodeRendered(MarkedText.own(text)))
                .as(shown(text))
                .isEqualTo(oracle.encode(text, false));
          });
    }
  }

  @ParameterizedTest
  @EnumSource
  void tokensOfTextBecomeTheLibrarysText(Family family) {
    try (Oracle oracle = new Oracle(family.write(folder))) {
      PromptFormat format = read();
      each(
          3,
          random -> {
            int[] ids = oracle.encode(FuzzText.text(random, family.addedTexts()), true);
            assertThat(streamed(format, ids))
                .as(Arrays.toString(ids))
                .isEqualTo(oracle.decode(ids));
          });
    }
  }

  /** Content of a conversation is spelled in ordinary tokens, and all of it is there. */
  @ParameterizedTest
  @EnumSource
  void addedTokensInContentStayContent(Family family) {
    family.write(folder);
    PromptFormat format =
        new ModelFolder(folder)
            .read((source, texts) -> messages -> MarkedText.client(messages.getFirst().content()));
    List<String> attacks = new ArrayList<>(family.addedTexts());
    family.addedTexts().forEach(t -> attacks.add(t.toUpperCase(Locale.ROOT)));
    Set<Integer> added =
        format.tokenizer().added().stream().map(AddedToken::id).collect(Collectors.toSet());
    if (family == Family.LLAMA_2_WITHOUT_FALLBACK) {
      added.remove(0); // <unk> stands for any character that this vocabulary lacks.
    }
    each(
        4,
        random -> {
          String attack = attacks.get(random.nextInt(attacks.size()));
          String text = FuzzText.text(random, attacks) + attack;
          int[] ids = format.ofChat(List.of(new ChatMessage("user", text)));
          assertThat(count(ids, added)).as(shown(text)).isZero();
          assertThat(count(format.ofText(text), added))
              .as(shown(text))
              .isEqualTo(count(format.ofText(""), added));
        });
  }

  private static long count(int[] ids, Set<Integer> some) {
    return Arrays.stream(ids).filter(some::contains).count();
  }

  private PromptFormat read() {
    return new ModelFolder(folder).read((source, texts) -> messages -> MarkedText.own(source));
  }

  private static boolean holdsAdded(Family family, String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    return family.addedTexts().stream().anyMatch(t -> lower.contains(t.toLowerCase(Locale.ROOT)));
  }

  /**
   * Bytes that are no text are replaced by one character or more; and the library takes a run of
   * byte tokens back as a whole, which a stream cannot.
   */
  @ParameterizedTest
  @EnumSource
  void anyTokensBecomeTheLibrarysText(Family family) {
    try (Oracle oracle = new Oracle(family.write(folder))) {
      PromptFormat format = read();
      each(
          5,
          random -> {
            int size = format.tokenizer().size();
            int[] ids = random.ints(random.nextInt(1, 12), 0, size).toArray();
            String expected = oracle.decode(ids);
            String actual = streamed(format, ids);
            if (!family.isOfPieces() || !expected.contains("\uFFFD")) {
              assertThat(actual.replace("\uFFFD", ""))
                  .as(Arrays.toString(ids))
                  .isEqualTo(expected.replace("\uFFFD", ""));
            }
            assertThat(actual.contains("\uFFFD")).isEqualTo(expected.contains("\uFFFD"));
          });
    }
  }

  /** Regular expressions class every character alike. With 1114112 inputs it is all of them. */
  @ParameterizedTest
  @EnumSource(names = {"LLAMA_3", "MISTRAL_NEMO", "QWEN_2", "GPT_2", "SMOL_LM", "FLAGS"})
  void everyCharacterIsOfTheLibrarysKind(Family family) {
    try (Oracle oracle = new Oracle(family.write(folder))) {
      PromptFormat format = read();
      int step = Math.max(1, Character.MAX_CODE_POINT / INPUTS);
      for (int c = 0; c <= Character.MAX_CODE_POINT; c += step) {
        if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) {
          String text = "a%1$sb1%1$s2 %1$s\n%1$s.%1$s".formatted(Character.toString(c));
          assertThat(format.ofText(text)).as(shown(text)).isEqualTo(oracle.encode(text, true));
        }
      }
    }
  }

  /** No piece ends within a character, whatever the tokens are. */
  private static String streamed(PromptFormat format, int[] ids) {
    OutputText output = format.output(List.of());
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(output.accept(id).text());
      assertThat(text.isEmpty() || !Character.isHighSurrogate(text.charAt(text.length() - 1)))
          .isTrue();
    }
    return text.append(output.end().text()).toString();
  }

  private static String shown(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .forEach(
            c ->
                out.append(
                    c > 32 && c < 127 ? Character.toString(c) : String.format("\\u{%x}", c)));
    return out.toString();
  }
}
