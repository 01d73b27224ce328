package dev.cofferdam.worker.execution.cuda;

import dev.cofferdam.worker.execution.WeightType;

/**
 * A projection's weights on the device, row-major.
 *
 * @param type BF16, or eight bits with a scale for each row, whose length is a multiple of 16 then
 * @param address of the first
 * @param scales address of the rows' scales; 0 where they have none
 * @param outputs rows of it
 * @param inputs columns of it
 * @param splitInputs inputs whose products one thread block adds up
 */
record DeviceMatrix(
    WeightType type, long address, long scales, int outputs, int inputs, int splitInputs) {
  /** A layer's. */
  DeviceMatrix(WeightType type, long address, long scales, int outputs, int inputs) {
    this(type, address, scales, outputs, inputs, KernelShapes.productSplit(outputs, inputs));
  }

  /** The same summed up in one go. */
  DeviceMatrix whole() {
    return new DeviceMatrix(
        type, address, scales, outputs, inputs, KernelShapes.ceil(inputs, 64) * 64);
  }

  /** Parts that its sums are cut into. */
  int splits() {
    return KernelShapes.ceil(inputs, splitInputs);
  }

  /** Name of a kernel for weights of this type, which one for BF16 begins with. */
  String kernel(String name) {
    return switch (type) {
      case INT8 -> name + "_int8";
      case FP8 -> name + "_fp8";
      default -> name;
    };
  }

  /** Shared memory of its product by tiles of so many rows. */
  int sharedBytes(int width) {
    return type.bytes == 1 ? KernelShapes.productShared8(width) : KernelShapes.productShared(width);
  }
}
