package dev.cofferdam.gateway.prompt.huggingface;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.prompt.AddedToken;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.prompt.ChatTemplate;
import dev.cofferdam.gateway.prompt.MarkedText;
import dev.cofferdam.gateway.prompt.OutputText;
import dev.cofferdam.gateway.prompt.PromptFormat;
import dev.cofferdam.gateway.prompt.gguf.GgufModelFile;
import dev.cofferdam.gateway.prompt.jinja.JinjaTemplate;
import dev.cofferdam.gguf.FolderTwin;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A GGUF file's tokens against those of the Hugging Face folder of which it is made, over random
 * texts. {@code -Dcofferdam.fuzz.inputs=N} sets the number of each.
 */
class GgufTwinTest {
  private static final int INPUTS = Integer.getInteger("cofferdam.fuzz.inputs", 1_000);
  private static final Path SUPPORT_DESK = Path.of("../models/support-desk");

  @TempDir private Path folder;

  /** The families that have a form in GGUF, and the names of their ways to cut words. */
  static Stream<Arguments> families() {
    return Stream.of(
        Arguments.of(Family.LLAMA_2, ""),
        Arguments.of(Family.LLAMA_2_WITHOUT_FALLBACK, ""),
        Arguments.of(Family.LLAMA_3, "llama-bpe"),
        Arguments.of(Family.MISTRAL_NEMO, "tekken"),
        Arguments.of(Family.QWEN_2, "qwen2"),
        Arguments.of(Family.QWEN_3, "qwen2"),
        Arguments.of(Family.GPT_2, "gpt-2"),
        Arguments.of(Family.SMOL_LM, "smollm"));
  }

  private record Twins(PromptFormat folder, PromptFormat file) {
    static Twins of(
        Path folder,
        String splitter,
        BiFunction<String, Map<String, String>, ChatTemplate> templates) {
      byte[] file = FolderTwin.tokenizer(folder, splitter).bytes();
      return new Twins(
          new ModelFolder(folder).read(templates),
          new GgufModelFile("m.gguf", MemorySegment.ofArray(file)).read(templates));
    }

    void agreeOn(String text) {
      assertThat(file.ofText(text)).as(text).isEqualTo(folder.ofText(text));
      int[] rendered = file.tokenizer().encodeRendered(MarkedText.own(text));
      assertThat(rendered)
          .as(text)
          .isEqualTo(folder.tokenizer().encodeRendered(MarkedText.own(text)));
      assertThat(shown(file, rendered)).isEqualTo(shown(folder, rendered));
    }

    private static String shown(PromptFormat format, int[] ids) {
      OutputText output = format.output(List.of());
      StringBuilder text = new StringBuilder();
      for (int id : ids) {
        text.append(output.accept(id).text());
      }
      return text.append(output.end().text()).toString();
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void hasTheTokensAndTextsOfTheFolder(Family family, String splitter) {
    family.write(folder);
    Twins twins = Twins.of(folder, splitter, (source, texts) -> m -> MarkedText.own(source));
    SplittableRandom random = new SplittableRandom(family.ordinal());
    for (int i = 0; i < INPUTS; i++) {
      twins.agreeOn(FuzzText.text(random, family.addedTexts()));
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void aClientsTextBecomesNoAddedToken(Family family, String splitter) {
    family.write(folder);
    PromptFormat format =
        Twins.of(
                folder, splitter, (source, texts) -> m -> MarkedText.client(m.getFirst().content()))
            .file();
    List<Integer> added = format.tokenizer().added().stream().map(AddedToken::id).toList();
    assertThat(added).hasSize(family.addedTexts().size());
    SplittableRandom random = new SplittableRandom(family.ordinal());
    for (int i = 0; i < INPUTS; i++) {
      String attack = family.addedTexts().get(random.nextInt(family.addedTexts().size()));
      String text = FuzzText.text(random, family.addedTexts()) + attack;
      int[] ids = format.ofChat(List.of(new ChatMessage("user", text)));
      // Without byte tokens, <unk> stands for any character that the vocabulary lacks.
      int unknown = family == Family.LLAMA_2_WITHOUT_FALLBACK ? 0 : -1;
      assertThat(Arrays.stream(ids).filter(id -> id != unknown && added.contains(id))).isEmpty();
    }
  }

  @Test
  void theShippedModelsTwinSpeaksAsItDoes() {
    Twins twins =
        Twins.of(
            SUPPORT_DESK,
            "llama-bpe",
            (source, texts) -> new JinjaTemplate(source, texts, Clock.systemUTC()));
    List<String> special =
        twins.folder().tokenizer().added().stream().map(AddedToken::text).toList();
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 3 * INPUTS; i++) {
      String text = FuzzText.text(random, special);
      twins.agreeOn(text);
      List<ChatMessage> chat =
          List.of(
              new ChatMessage("system", text.toUpperCase(Locale.ROOT)),
              new ChatMessage("user", text));
      assertThat(twins.file().ofChat(chat)).as(text).isEqualTo(twins.folder().ofChat(chat));
    }
    assertThat(twins.file().stopTokenIds()).isEqualTo(twins.folder().stopTokenIds());
  }
}
