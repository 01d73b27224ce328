package dev.cofferdam.worker.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReaderFuzzTest {
  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aDamagedWeightsFileIsReadOrRefusedAndNeverBelieved(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] valid = TinyModel.llama().weights(random);
    Fuzz.run(
        random,
        () -> valid,
        ModelLoadException.class,
        bytes -> {
          SafetensorsFile file = SafetensorsFile.of("weights", MemorySegment.ofArray(bytes));
          for (TensorEntry entry : file.entries().values()) {
            file.read(entry, 0, new float[(int) entry.elements()], 0, (int) entry.elements());
          }
        });
  }

  @ParameterizedTest
  @ValueSource(longs = {3, 4})
  void aDamagedConfigurationIsReadOrRefused(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Fuzz.run(
        random,
        () -> TinyModel.random(random).config().getBytes(StandardCharsets.UTF_8),
        ModelLoadException.class,
        bytes -> {
          ModelConfig config = ModelConfigReader.parse(bytes);
          assertThat(config.heads() % config.kvHeads()).isZero();
          assertThat(config.kvElementsPerToken()).isPositive();
          assertThat(config.ropeFrequencies()).hasSize(config.headDimension() / 2);
        });
  }

  @ParameterizedTest
  @ValueSource(longs = 5)
  void aDamagedIndexOfShardsIsReadOrRefused(long seed, @TempDir Path folder) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    Path golden = Path.of("src/test/resources/golden/tiny-llama");
    String index = "model.safetensors.index.json";
    for (String name :
        new String[] {
          "config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
        }) {
      Files.copy(golden.resolve(name), folder.resolve(name));
    }
    byte[] valid = Files.readAllBytes(golden.resolve(index));
    Fuzz.run(
        random,
        () -> valid,
        ModelLoadException.class,
        bytes -> {
          try {
            Files.write(folder.resolve(index), bytes);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          ModelWeights.load(folder);
        });
  }
}
