package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.execution.KernelChoice;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cpu.foreign.NativeKernel;
import dev.cofferdam.worker.execution.cpu.foreign.NativeKernels;
import dev.cofferdam.worker.model.ModelLoadException;
import java.util.List;
import java.util.Optional;

/**
 * How weights are kept, and what multiplies them.
 *
 * @param weights how weights are kept
 * @param nativeKernel the native kernel; empty for Java's
 */
public record Kernels(WeightType weights, Optional<NativeKernel> nativeKernel) {
  /** Java's kernels. */
  public static Kernels java(WeightType weights) {
    return new Kernels(weights, Optional.empty());
  }

  /**
   * The kernels of a choice.
   *
   * @throws IllegalArgumentException when native ones are wanted and cannot run, saying why, or
   *     where no kernel here keeps weights so
   */
  public static Kernels of(KernelChoice choice, WeightType weights) {
    if (weights == WeightType.FP8) {
      throw new IllegalArgumentException(
          "weights: fp8 on the cpu executor (expected: f32, bf16 or int8, or the executor cuda)");
    }
    if (choice == KernelChoice.JAVA) {
      return java(weights);
    }
    List<NativeKernel> usable = NativeKernels.usable(weights, PackedMatrix.PANEL);
    if (usable.isEmpty() && choice == KernelChoice.NATIVE) {
      throw new IllegalArgumentException("native kernels for " + weights + ": " + whyNone(weights));
    }
    return new Kernels(weights, usable.stream().findFirst());
  }

  private static String whyNone(WeightType weights) {
    return switch (NativeKernels.load()) {
      case NativeKernels.Loading.Missing missing -> missing.why();
      case NativeKernels.Loading.Loaded loaded ->
          "this processor, or the JVM on it, has no "
              + NativeKernels.needs(weights, PackedMatrix.PANEL);
    };
  }

  /** An empty matrix. */
  PackedMatrix matrix(int inputs, int[] outputs) {
    VectorMatrix matrix =
        switch (weights) {
          case F32 -> new F32Matrix(inputs, outputs);
          case BF16 -> new Bf16Matrix(inputs, outputs);
          case INT8 -> new Int8Matrix(inputs, outputs);
          case FP8 -> throw new IllegalStateException("FP8 has no kernels here");
        };
    if (nativeKernel.isEmpty()) {
      return matrix;
    }
    if (weights == WeightType.INT8 && inputs > NativeKernel.INT8_INPUTS_MAX) {
      throw new ModelLoadException(
          "weights: the native kernels for INT8 take " + NativeKernel.INT8_INPUTS_MAX + " inputs");
    }
    return new NativeMatrix(matrix, nativeKernel.get(), outputs);
  }

  /** Its name, for operators. */
  @Override
  public String toString() {
    return nativeKernel.map(k -> "native " + k).orElse("Java");
  }
}
