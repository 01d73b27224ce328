package dev.cofferdam.worker.execution.cuda;

/**
 * A projection's weights on the device, BF16, row-major.
 *
 * @param address of the first
 * @param outputs rows of it
 * @param inputs columns of it
 * @param splitInputs inputs whose products one thread block adds up
 */
record DeviceMatrix(long address, int outputs, int inputs, int splitInputs) {
  /** A layer's. */
  DeviceMatrix(long address, int outputs, int inputs) {
    this(address, outputs, inputs, KernelShapes.productSplit(outputs, inputs));
  }

  /** The same summed up in one go. */
  DeviceMatrix whole() {
    return new DeviceMatrix(address, outputs, inputs, KernelShapes.ceil(inputs, 64) * 64);
  }

  /** Parts that its sums are cut into. */
  int splits() {
    return KernelShapes.ceil(inputs, splitInputs);
  }
}
