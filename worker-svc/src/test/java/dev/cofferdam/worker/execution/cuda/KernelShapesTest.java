package dev.cofferdam.worker.execution.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.RopeScaling;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Host and kernels cut work the same way. */
class KernelShapesTest {
  @BeforeEach
  void load() {
    FakeDriver.assumeLoaded();
  }

  @Test
  void productsAreSplitAsTheKernelsHeaderSays() {
    for (int outputs = 8; outputs < 40_000; outputs = outputs * 5 / 4 + 8) {
      for (int inputs = 8; inputs < 40_000; inputs = inputs * 5 / 4 + 8) {
        assertThat(KernelShapes.productSplit(outputs, inputs))
            .isEqualTo(FakeDriver.shape("fake_product_split", outputs, inputs));
      }
    }
    for (int width : KernelShapes.productWidths()) {
      assertThat(KernelShapes.productShared(width))
          .isEqualTo(FakeDriver.shape("fake_product_shared", width));
      assertThat(KernelShapes.productShared8(width))
          .isEqualTo(FakeDriver.shape("fake_product_shared8", width));
      assertThat(KernelShapes.productPitch8(width + 1))
          .isEqualTo(FakeDriver.shape("fake_product_pitch8", width + 1));
    }
  }

  @Test
  void attentionIsCutAsTheKernelsHeaderSays() {
    for (int dimension = 16; dimension <= 256; dimension += 16) {
      for (int group = 1; group <= 16; group++) {
        ModelConfig model = model(group * 2, dimension);
        assertThat(KernelShapes.attendRows(false, model))
            .isEqualTo(FakeDriver.shape("fake_attend_rows", 0, group * 2, 2, dimension));
        assertThat(KernelShapes.attendRows(true, model))
            .isEqualTo(FakeDriver.shape("fake_attend_rows", 1, group * 2, 2, dimension));
        int kernel = KernelShapes.attendDimension(model);
        assertThat(kernel).isGreaterThanOrEqualTo(dimension);
        assertThat(KernelShapes.attendShared(false, kernel))
            .isEqualTo(FakeDriver.shape("fake_attend_shared", 0, kernel));
        assertThat(KernelShapes.attendShared(true, kernel))
            .isEqualTo(FakeDriver.shape("fake_attend_shared", 1, kernel));
        for (int large = 0; large < 2; large++) {
          assertThat(KernelShapes.attendShared8(large == 1, kernel))
              .isEqualTo(FakeDriver.shape("fake_attend_shared8", large, kernel));
        }
      }
    }
  }

  @Test
  void sealedBlocksAreCutIntoPartsOfWholeLayersAsTheKernelsHeaderSays() {
    for (int layerBytes = 16; layerBytes < 300_000; layerBytes += 16 + layerBytes / 64 * 16) {
      int part = KernelShapes.sealPart(layerBytes);
      assertThat(part).isEqualTo(FakeDriver.shape("fake_seal_part", layerBytes));
      assertThat(part).isBetween(16, 8192);
      assertThat(part % 16 + layerBytes % part).isZero();
    }
  }

  private static ModelConfig model(int heads, int dimension) {
    return new ModelConfig(
        "llama",
        16,
        64,
        64,
        1,
        heads,
        2,
        dimension,
        64,
        1e-5,
        1e4,
        new RopeScaling.None(),
        true,
        false,
        false,
        false);
  }
}
