package dev.cofferdam.gateway.prompt.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.prompt.MarkedText;
import dev.cofferdam.gateway.prompt.OutputText;
import dev.cofferdam.gateway.prompt.PromptFormat;
import dev.cofferdam.gateway.prompt.UnsupportedModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is refused by name, and how patterns of another dialect are read. */
class TokenizerFileTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int INPUTS = 200;

  @TempDir private Path folder;

  /** Sets a value by its JSON pointer. */
  private void put(Family family, String pointer, String value) throws IOException {
    Path file = family.write(folder);
    JsonNode root = JSON.readTree(file.toFile());
    int slash = pointer.lastIndexOf('/');
    ((ObjectNode) root.at(pointer.substring(0, slash)))
        .set(pointer.substring(slash + 1), JSON.readTree(value));
    JSON.writeValue(file.toFile(), root);
  }

  private PromptFormat read() {
    return new ModelFolder(folder).read((source, texts) -> messages -> MarkedText.own(source));
  }

  /** LlamaTokenizerFast's flags against what its tokenizer.json does: begin and end. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "LlamaTokenizer | \"add_bos_token\":true,\"add_eos_token\":false | 1",
        "LlamaTokenizerFast | \"add_bos_token\":false,\"add_eos_token\":true | 2",
        "LlamaTokenizerFast | \"add_bos_token\":false | none",
        "LlamaTokenizerFast | \"add_eos_token\":true | 1 2",
        "LlamaTokenizerFast | \"legacy\":true | 1 2",
        "PreTrainedTokenizerFast | \"add_bos_token\":false,\"add_eos_token\":false | 1 2",
      })
  void flagsOfTheConfigurationDecideWhereTheFamilysTokenizerHeedsThem(
      String tokenizerClass, String flags, String around) throws IOException {
    Family.LLAMA_2.write(folder);
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"tokenizer_class\":\"%s\",%s,\"bos_token\":\"<s>\",\"eos_token\":{\"content\":\"</s>\"}}"
            .formatted(tokenizerClass, flags));
    int[] expected =
        around.equals("none")
            ? new int[0]
            : Arrays.stream(around.split(" ")).mapToInt(Integer::parseInt).toArray();
    assertThat(read().ofText("")).containsExactly(expected);
  }

  @Test
  void aFlagForATokenThatIsNoneIsRefused() throws IOException {
    Family.LLAMA_2.write(folder);
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"tokenizer_class\":\"LlamaTokenizer\",\"add_bos_token\":true}");
    assertThatThrownBy(this::read)
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("add_bos_token");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "LLAMA_3 | /model/type | \"Unigram\" | model type Unigram",
        "LLAMA_3 | /model/dropout | 0.1 | dropout",
        "LLAMA_3 | /model/end_of_word_suffix | \"</w>\" | end_of_word_suffix",
        "LLAMA_3 | /model/continuing_subword_prefix | \"##\" | continuing_subword_prefix",
        "LLAMA_3 | /normalizer | {\"type\":\"StripAccents\"} | normalizer StripAccents",
        "LLAMA_3 | /normalizer | {\"type\":\"Replace\",\"pattern\":{\"Regex\":\"x\"},\"content\":\"y\"} | normalizer Replace",
        "FLAGS | /normalizer | {\"type\":\"NFKC\"} | a normalized added token",
        "LLAMA_3 | /pre_tokenizer | {\"type\":\"Whitespace\"} | pre-tokenizer Whitespace",
        "LLAMA_3 | /pre_tokenizer | null | a decoder for another spelling",
        "LLAMA_3 | /pre_tokenizer/pretokenizers/0/behavior | \"Removed\" | Split other than isolated",
        "LLAMA_3 | /pre_tokenizer/pretokenizers/0/invert | true | Split other than isolated",
        "LLAMA_3 | /post_processor | {\"type\":\"RobertaProcessing\"} | post-processor RobertaProcessing",
        "LLAMA_3 | /decoder | null | a decoder for another spelling",
        "LLAMA_2 | /decoder | {\"type\":\"ByteFallback\"} | a decoder without Fuse",
        "LLAMA_2 | /decoder | {\"type\":\"Metaspace\"} | decoder Metaspace",
        "LLAMA_2 | /decoder/decoders/3/stop | 1 | decoder Strip",
        "LLAMA_2_WITHOUT_FALLBACK | /model/unk_token | \"<none>\" | an unk_token outside of the vocabulary",
        "LLAMA_2 | /added_tokens/0/id | 99999999 | a token id out of bounds",
        "LLAMA_2 | /added_tokens/0/id | -1 | a token id out of bounds",
        "LLAMA_2 | /added_tokens/0/content | \"\" | no text",
        "LLAMA_2 | /model/vocab/x | 2000000000 | a token id out of bounds",
        "LLAMA_2 | /model/merges | [\"a qqqqq\"] | a merge of unknown tokens",
        "MISTRAL_1 | /pre_tokenizer/prepend_scheme | \"often\" | prepend_scheme often",
      })
  void whatIsNotOfferedIsRefusedByName(Family family, String pointer, String value, String name)
      throws IOException {
    put(family, pointer, value);
    assertThatThrownBy(this::read)
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining(name);
  }

  @Test
  void unknownCharactersNeverEndAnOutput() throws IOException {
    Family.LLAMA_2_WITHOUT_FALLBACK.write(folder);
    Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [2, 0]}");
    assertThatThrownBy(this::read)
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContaining("unknown characters");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\\p{N}{1,3}+|\\p{L}{2}+",
        "\\p{N}{,2}|\\s{2,}",
        "(?i:'s|'t|\u00e9|\u03c3)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s",
        ".+",
        "^.|.$",
        "[^\\n]+\\z|\\A\\s+",
        "\\p{Han}+|\\p{Hiragana}|[\\p{Thai}\\p{Greek}]+",
        "\\p{^L}+|\\P{N}",
        "\\w+|\\W",
        "\\d+|\\D{2}",
        "\\S+?|\\s*?x",
        "(a|b|the)+|(?>t+)h|(?<=e)n|(?<!e)r",
        "[a-z&&[^aeiou]]+|[\\s&&[^ ]]|[\\-\\]]",
        "\\u0435|\\x{4e16}\\v?|\\t+",
        "x*",
      })
  void patternsMeanWhatTheyMeanToTheLibrary(String pattern) throws IOException {
    String pointer = "/pre_tokenizer/pretokenizers/0/pattern/Regex";
    put(Family.LLAMA_3, pointer, JSON.writeValueAsString(pattern));
    PromptFormat format = read();
    SplittableRandom random = new SplittableRandom(6);
    try (Oracle oracle = new Oracle(folder.resolve("tokenizer.json"))) {
      for (int i = 0; i < INPUTS; i++) {
        String text = FuzzText.text(random, List.of());
        assertThat(format.ofText(text)).as(text).isEqualTo(oracle.encode(text, true));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\\h",
        "\\R",
        "\\X",
        "\\K",
        "\\G",
        "\\b",
        "\\Z",
        "(?m:.)",
        "(?i)x|y",
        "(?<n>x)",
        "[[:alpha:]]",
        "[]x]",
        "\\p{Emoji}",
        "\\xff",
        "x{2}?",
        "{",
        "(",
        ")",
        "[",
        "\\",
      })
  void patternsThatMightMeanSomethingElseAreRefused(String pattern) {
    assertThatThrownBy(() -> OnigurumaPattern.compile(pattern))
        .isInstanceOf(UnsupportedModelException.class);
  }

  private static List<String> pieces(PromptFormat format, int... ids) {
    OutputText output = format.output(List.of());
    List<String> pieces = new ArrayList<>();
    for (int id : ids) {
      pieces.add(output.accept(id).text());
    }
    pieces.add(output.end().text());
    return pieces;
  }

  /** Ids 3 to 258 are the bytes. */
  @Test
  void byteTokensAreHeldBackUntilTheyAreACharacter() {
    Family.LLAMA_2.write(folder);
    assertThat(pieces(read(), 3 + 0xf0, 3 + 0x9f, 3 + 0x8e, 3 + 0x89, 3 + 'x'))
        .containsExactly("", "", "", "\ud83c\udf89", "x", "");
    assertThat(pieces(read(), 3 + 0xf0, 3 + 0x9f)).containsExactly("", "", "\uFFFD");
  }

  @Test
  void anAnswerLosesTheSpaceBeforeEveryTextAndAContinuedTextKeepsIt() {
    Family.LLAMA_2.write(folder);
    PromptFormat format = read();
    int[] ids = format.ofText("the  the");
    int[] words = Arrays.copyOfRange(ids, 1, ids.length - 1);
    assertThat(String.join("", pieces(format, words))).isEqualTo("the  the");
    assertThat(String.join("", pieces(format.continuing(), words))).isEqualTo(" the  the");
  }
}
