package dev.cofferdam.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Feeds damaged files to a reader: each is read or refused, and none makes it allocate more than a
 * small file is worth. {@code -Dcofferdam.fuzz.inputs=N} sets the number for each seed.
 */
public final class Fuzz {
  private static final int INPUTS = Integer.getInteger("cofferdam.fuzz.inputs", 10_000);

  /** Far above what the small files need, far below what a believed lie would cost. */
  private static final long ALLOCATED_BYTES_MAX = 4L << 20;

  private Fuzz() {}

  /**
   * Runs a reader on so many damaged files.
   *
   * @param valid a file that the reader accepts
   * @param refusal what the reader throws in refusal; everything else fails the test
   */
  public static void run(
      SplittableRandom random,
      Supplier<byte[]> valid,
      Class<? extends RuntimeException> refusal,
      Consumer<byte[]> reader) {
    reader.accept(valid.get());
    int refused = 0;
    for (int i = 0; i < INPUTS; i++) {
      byte[] damaged = Mutations.mutate(valid.get(), random);
      long allocated = allocatedBytes();
      try {
        reader.accept(damaged);
      } catch (RuntimeException e) {
        if (!refusal.isInstance(e)) {
          throw new AssertionError("input " + i + " broke the reader", e);
        }
        refused++;
      }
      long spent = allocatedBytes() - allocated;
      if (spent > ALLOCATED_BYTES_MAX) {
        throw new AssertionError("input " + i + " made the reader allocate " + spent + " bytes");
      }
    }
    assertThat(refused).isBetween(INPUTS / 4, INPUTS);
  }

  private static long allocatedBytes() {
    return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
        .getCurrentThreadAllocatedBytes();
  }
}
