package dev.cofferdam.worker.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReaderFuzzTest {
  private static final int INPUTS = 10_000;

  /** Far above what the small files need, far below what a believed lie would cost. */
  private static final long ALLOCATED_BYTES_MAX = 4L << 20;

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aDamagedWeightsFileIsReadOrRefusedAndNeverBelieved(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] valid = TinyModel.llama().weights(random);
    int refused = 0;
    for (int i = 0; i < INPUTS; i++) {
      byte[] damaged = Mutations.mutate(valid, random);
      long allocated = allocatedBytes();
      try {
        SafetensorsFile file = SafetensorsFile.of("weights", MemorySegment.ofArray(damaged));
        for (TensorEntry entry : file.entries().values()) {
          file.read(entry, 0, new float[(int) entry.elements()], 0, (int) entry.elements());
        }
      } catch (ModelLoadException e) {
        refused++;
      }
      assertThat(allocatedBytes() - allocated).isLessThan(ALLOCATED_BYTES_MAX);
    }
    assertThat(refused).isBetween(INPUTS / 4, INPUTS);
  }

  @ParameterizedTest
  @ValueSource(longs = {3, 4})
  void aDamagedConfigurationIsReadOrRefused(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int refused = 0;
    for (int i = 0; i < INPUTS; i++) {
      byte[] valid = TinyModel.random(random).config().getBytes(StandardCharsets.UTF_8);
      byte[] damaged = Mutations.mutate(valid, random);
      long allocated = allocatedBytes();
      try {
        ModelConfig config = ModelConfigReader.parse(damaged);
        assertThat(config.heads() % config.kvHeads()).isZero();
        assertThat(config.kvElementsPerToken()).isPositive();
      } catch (ModelLoadException e) {
        refused++;
      }
      assertThat(allocatedBytes() - allocated).isLessThan(ALLOCATED_BYTES_MAX);
    }
    assertThat(refused).isBetween(INPUTS / 4, INPUTS);
  }

  private static long allocatedBytes() {
    return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
        .getCurrentThreadAllocatedBytes();
  }
}
