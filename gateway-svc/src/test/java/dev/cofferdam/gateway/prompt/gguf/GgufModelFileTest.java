package dev.cofferdam.gateway.prompt.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.cofferdam.fuzz.Fuzz;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.prompt.MarkedText;
import dev.cofferdam.gateway.prompt.OutputText;
import dev.cofferdam.gateway.prompt.PromptFormat;
import dev.cofferdam.gateway.prompt.UnsupportedModelException;
import dev.cofferdam.gguf.GgufWriter;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufModelFileTest {
  private static final int NORMAL = 1;
  private static final int UNKNOWN = 2;
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;
  private static final int UNUSED = 5;
  private static final int BYTE = 6;

  /** A vocabulary that grows by one token at a time. */
  private static final class Tokens {
    final List<String> texts = new ArrayList<>();
    final List<Integer> kinds = new ArrayList<>();
    final List<Float> scores = new ArrayList<>();

    Tokens add(String text, int kind, float score) {
      texts.add(text);
      kinds.add(kind);
      scores.add(score);
      return this;
    }

    Tokens addBytes() {
      for (int b = 0; b < 256; b++) {
        add(String.format("<0x%02X>", b), BYTE, 0);
      }
      return this;
    }

    GgufWriter writer(String model) {
      return new GgufWriter()
          .with("tokenizer.ggml.model", model)
          .with("tokenizer.ggml.tokens", texts)
          .with("tokenizer.ggml.token_type", kinds)
          .with("tokenizer.ggml.scores", scores);
    }
  }

  private static PromptFormat read(GgufWriter file) {
    return read(file.bytes());
  }

  private static PromptFormat read(byte[] file) {
    return new GgufModelFile("m.gguf", MemorySegment.ofArray(file))
        .read((source, texts) -> m -> MarkedText.own(source + texts));
  }

  /** &lt;unk&gt;, &lt;s&gt;, &lt;/s&gt;, bytes, and pieces of a, b, spaces. */
  private static Tokens pieces() {
    return new Tokens()
        .add("<unk>", UNKNOWN, 0)
        .add("<s>", CONTROL, 0)
        .add("</s>", CONTROL, 0)
        .addBytes()
        .add("▁", NORMAL, -9)
        .add("a", NORMAL, -9)
        .add("b", NORMAL, -9);
  }

  private static GgufWriter byteLevel() {
    Tokens tokens = new Tokens();
    for (char c : new char[] {'a', 'b', 'Ġ'}) {
      tokens.add(String.valueOf(c), NORMAL, 0);
    }
    return tokens
        .add("ab", NORMAL, 0)
        .add("<|im_start|>", CONTROL, 0)
        .add("<|im_end|>", CONTROL, 0)
        .add("<tool>", USER_DEFINED, 0)
        .add("[PAD7]", UNUSED, 0)
        .writer("gpt2")
        .with("tokenizer.ggml.pre", "qwen2")
        .with("tokenizer.ggml.merges", List.of("a b"))
        .with("tokenizer.ggml.bos_token_id", 4)
        .with("tokenizer.ggml.eos_token_id", 4)
        .with("tokenizer.chat_template", "t");
  }

  /** SentencePiece's rule, on strings: the best score of all pairs, the leftmost of equals. */
  private static List<Integer> reference(Tokens tokens, String text) {
    List<String> symbols = new ArrayList<>();
    ("▁" + text.replace(' ', '▁')).codePoints().forEach(c -> symbols.add(Character.toString(c)));
    while (true) {
      int best = -1;
      float score = Float.NEGATIVE_INFINITY;
      for (int i = 0; i + 1 < symbols.size(); i++) {
        int id = normal(tokens, symbols.get(i) + symbols.get(i + 1));
        if (id >= 0 && tokens.scores.get(id) > score) {
          best = i;
          score = tokens.scores.get(id);
        }
      }
      if (best < 0) {
        break;
      }
      symbols.set(best, symbols.get(best) + symbols.remove(best + 1));
    }
    List<Integer> ids = new ArrayList<>(List.of(1));
    for (String symbol : symbols) {
      int id = normal(tokens, symbol);
      if (id >= 0) {
        ids.add(id);
      } else {
        for (byte b : symbol.getBytes(StandardCharsets.UTF_8)) {
          ids.add(3 + (b & 0xff));
        }
      }
    }
    return ids;
  }

  private static int normal(Tokens tokens, String text) {
    int id = tokens.texts.indexOf(text);
    return id >= 0 && tokens.kinds.get(id) == NORMAL ? id : -1;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void piecesMergeByTheirScores(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Tokens tokens = pieces();
    for (int i = 0; i < 40; i++) {
      StringBuilder piece = new StringBuilder();
      for (int length = random.nextInt(2, 6); length > 0; length--) {
        piece.append("ab▁".charAt(random.nextInt(3)));
      }
      if (!tokens.texts.contains(piece.toString())) {
        tokens.add(piece.toString(), NORMAL, -random.nextInt(20)); // often the score of another
      }
    }
    PromptFormat format = read(tokens.writer("llama"));
    for (int i = 0; i < 200; i++) {
      StringBuilder text = new StringBuilder();
      for (int length = random.nextInt(1, 150); length > 0; length--) {
        text.append(
            random.nextInt(50) == 0 ? "€" : String.valueOf("ab ".charAt(random.nextInt(3))));
      }
      assertThat(Arrays.stream(format.ofText(text.toString())).boxed())
          .as("seed %d, %s", seed, text)
          .isEqualTo(reference(tokens, text.toString()));
    }
  }

  @Test
  void aSpaceBeforeTheTextIsPutAndTakenAsTheFileSays() {
    int mark = 259;
    assertThat(read(pieces().writer("llama")).ofText("a")).containsExactly(1, mark, mark + 1);
    assertThat(read(pieces().writer("llama")).leadingSpaces()).isEqualTo(1);
    PromptFormat bare =
        read(
            pieces()
                .writer("llama")
                .with("tokenizer.ggml.add_space_prefix", false)
                .with("tokenizer.ggml.add_bos_token", false)
                .with("tokenizer.ggml.add_eos_token", true));
    assertThat(bare.ofText("a b")).containsExactly(mark + 1, mark, mark + 2, 2);
    OutputText output = bare.output(List.of());
    assertThat(output.accept(mark).text() + output.accept(mark + 1).text()).isEqualTo(" a");
  }

  @Test
  void tokensOfBytesGiveWholeCharacters() {
    OutputText output = read(pieces().writer("llama")).continuing().output(List.of());
    assertThat(output.accept(3 + 0xe2).text()).isEmpty();
    assertThat(output.accept(3 + 0x82).text()).isEmpty();
    assertThat(output.accept(3 + 0xac).text()).isEqualTo("€");
    assertThat(output.accept(2).text()).isEmpty();
  }

  @Test
  void specialTokensBeginAndEndTextsOnlyWhereTheFileSaysSo() {
    assertThat(read(byteLevel()).ofText("ab")).containsExactly(3);
    assertThat(
            read(byteLevel()
                    .with("tokenizer.ggml.add_bos_token", true)
                    .with("tokenizer.ggml.add_eos_token", true)
                    .with("tokenizer.ggml.eos_token_id", 5))
                .ofText("ab"))
        .containsExactly(4, 3, 5);
    assertThat(read(byteLevel()).ofChat(List.of(new ChatMessage("user", "?")))).isNotEmpty();
  }

  @Test
  void anOutputEndsAtTheFilesTokensAndAtThoseThatAreKnownToEndOne() {
    assertThat(read(byteLevel()).stopTokenIds()).containsExactly(4, 5);
    assertThat(
            read(byteLevel()
                    .with("tokenizer.ggml.eot_token_id", 6)
                    .with("tokenizer.ggml.eom_token_id", 3))
                .stopTokenIds())
        .containsExactly(3, 4, 5, 6);
    assertThat(read(pieces().writer("llama")).stopTokenIds()).containsExactly(2);
  }

  @Test
  void aUsersTokensShowAndTokensForControlDoNot() {
    OutputText output = read(byteLevel()).output(List.of());
    assertThat(output.accept(6).text()).isEqualTo("<tool>");
    assertThat(output.accept(5).text()).isEmpty();
    assertThat(output.accept(7).text()).isEmpty();
  }

  @Test
  void isFoundByTheModelsName(@TempDir Path root) throws Exception {
    Files.write(root.resolve("m.gguf"), byteLevel().bytes());
    assertThat(GgufModelFile.of(root.resolve("m"))).isPresent();
    Files.createDirectory(root.resolve("n"));
    assertThat(GgufModelFile.of(root.resolve("n"))).isEmpty();
    Files.write(root.resolve("n/any.gguf"), byteLevel().bytes());
    assertThat(GgufModelFile.of(root.resolve("n"))).isPresent();
    Files.write(root.resolve("n/other.gguf"), byteLevel().bytes());
    assertThatExceptionOfType(UnsupportedModelException.class)
        .isThrownBy(() -> GgufModelFile.of(root.resolve("n")))
        .withMessage("n: more than one .gguf file");
    Files.writeString(root.resolve("n/config.json"), "{}");
    assertThat(GgufModelFile.of(root.resolve("n"))).isEmpty();
  }

  private static void refuses(GgufWriter file, Consumer<GgufWriter> change, String complaint) {
    change.accept(file);
    assertThatExceptionOfType(UnsupportedModelException.class)
        .isThrownBy(() -> read(file))
        .withMessageStartingWith("m.gguf: ")
        .withMessageContaining(complaint);
  }

  @Test
  void refusesByNameWhatItDoesNotKnow() {
    String pre = "tokenizer.ggml.pre";
    refuses(byteLevel(), f -> f.with(pre, "kimi-k2"), pre + ": kimi-k2 is not supported");
    refuses(byteLevel(), f -> f.with("tokenizer.ggml.model", "t5"), "tokenizer.ggml.model");
    refuses(
        pieces().writer("llama"),
        f -> f.with("tokenizer.ggml.precompiled_charsmap", List.of(1, 2)),
        "tokenizer.ggml.precompiled_charsmap");
    refuses(new GgufWriter(), f -> {}, "tokenizer.ggml.model: missing");
    refuses(
        byteLevel(),
        f -> f.with("tokenizer.ggml.token_type", List.of(6, 1, 1, 1, 3, 3, 4, 5)),
        "<0x00>");
    refuses(
        byteLevel(), f -> f.with("tokenizer.ggml.merges", List.of("b b")), "tokenizer.ggml.merges");
    refuses(
        byteLevel(),
        f -> f.with("tokenizer.ggml.tokens", List.of("a", "b", "Ġ", "ab", "ab", "x", "y", "z")),
        "a token twice");
    refuses(
        byteLevel(),
        f -> f.with("tokenizer.ggml.tokens", List.of("a", "b", " ", "ab", "c", "d", "e", "f")),
        "not byte-level");
    refuses(
        pieces().writer("llama"), f -> f.with("tokenizer.ggml.unknown_token_id", 1000), "unknown");
    refuses(
        new Tokens().add("<unk>", UNKNOWN, 0).writer("llama"), f -> {}, "tokenizer.ggml.bos_token");
    refuses(
        new Tokens().add("a", NORMAL, 0).add("b", NORMAL, 0).add("c", NORMAL, 0).writer("llama"),
        f -> f.with("tokenizer.ggml.unknown_token_id", 2),
        "the token that ends an output");
  }

  @Test
  void refusesPiecesWhoseSplitsWouldTakeForever() {
    Tokens tokens = pieces();
    for (int i = 0; i < 3; i++) {
      tokens.add("a".repeat(20_000 + i), NORMAL, 0);
    }
    refuses(tokens.writer("llama"), f -> {}, "too many long pieces");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aDamagedFileIsReadOrRefused(long seed) {
    byte[] ofBytes = byteLevel().bytes();
    byte[] ofPieces =
        new Tokens()
            .add("<unk>", UNKNOWN, 0)
            .add("<s>", CONTROL, 0)
            .add("</s>", CONTROL, 0)
            .add("<0x41>", BYTE, 0)
            .add("▁", NORMAL, -1)
            .add("a", NORMAL, -2)
            .add("▁a", NORMAL, -3)
            .writer("llama")
            .with("tokenizer.ggml.unknown_token_id", 0)
            .bytes();
    SplittableRandom random = new SplittableRandom(seed);
    Fuzz.run(
        random,
        () -> random.nextBoolean() ? ofBytes : ofPieces,
        UnsupportedModelException.class,
        bytes -> read(bytes).ofText("a ab €"));
  }
}
