package dev.cofferdam.worker.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.fuzz.Fuzz;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReaderFuzzTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/tiny-llama");

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
          for (float frequency : config.ropeFrequencies()) {
            assertThat(frequency).isFinite();
          }
        });
  }

  @ParameterizedTest
  @ValueSource(longs = {5, 6})
  void aDamagedIndexOfShardsIsReadOrRefused(long seed) throws IOException {
    byte[] valid = Files.readAllBytes(GOLDEN.resolve(ShardIndex.FILE));
    Fuzz.run(
        new SplittableRandom(seed),
        () -> valid,
        ModelLoadException.class,
        bytes ->
            assertThat(ShardIndex.parse(bytes).values())
                .allMatch(shard -> shard.endsWith(".safetensors") && !shard.contains("/")));
  }
}
