package dev.cofferdam.worker.model.gguf;

import dev.cofferdam.fuzz.Fuzz;
import dev.cofferdam.worker.model.ModelLoadException;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.TinyModel;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufFuzzTest {
  @ParameterizedTest
  @ValueSource(longs = {6, 7})
  void aDamagedFileIsReadOrRefusedAndNeverBelieved(long seed, @TempDir Path folder) {
    SplittableRandom random = new SplittableRandom(seed);
    List<String> tokens = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      tokens.add("t" + i);
    }
    byte[] valid =
        GgufTwin.of(TinyModel.llama().write(folder, random))
            .with("tokenizer.ggml.model", "gpt2")
            .with("tokenizer.ggml.tokens", tokens)
            .with("tokenizer.ggml.merges", List.of("a b", "c d"))
            .with("tokenizer.ggml.eos_token_id", 1)
            .bytes();
    Fuzz.run(
        random,
        () -> valid,
        ModelLoadException.class,
        bytes -> {
          ModelWeights weights = GgufModel.of("test.gguf", MemorySegment.ofArray(bytes)).weights();
          weights.read(weights.outputHead());
          weights.read(ModelWeights.FINAL_NORM);
        });
  }
}
