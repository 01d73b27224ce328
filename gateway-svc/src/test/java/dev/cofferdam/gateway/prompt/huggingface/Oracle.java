package dev.cofferdam.gateway.prompt.huggingface;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;

/** Hugging Face's own library, against which ours is held. */
final class Oracle implements AutoCloseable {
  static {
    System.setProperty("OPT_OUT_TRACKING", "true");
    System.setProperty("RUST_FLAVOR", "cpu");
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("DJL_CACHE_DIR", Path.of("target/djl").toAbsolutePath().toString());
  }

  private final HuggingFaceTokenizer tokenizer;

  Oracle(Path tokenizerJson) {
    try {
      this.tokenizer =
          HuggingFaceTokenizer.builder()
              .optTokenizerPath(tokenizerJson)
              .optTruncation(false)
              .optPadding(false)
              .build();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * @param around with the special tokens that the file puts around a text
   */
  int[] encode(String text, boolean around) {
    return Arrays.stream(tokenizer.encode(text, around, false).getIds())
        .mapToInt(id -> (int) id)
        .toArray();
  }

  /** The text of tokens, special ones left out. */
  String decode(int[] ids) {
    return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), true);
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
