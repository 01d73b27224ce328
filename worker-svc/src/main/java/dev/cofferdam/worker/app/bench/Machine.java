package dev.cofferdam.worker.app.bench;

import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.DoubleAdder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** What the machine itself can do, with all its processors: the ceilings of the figures. */
final class Machine {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();

  /** Far more than the caches that a processor can keep to itself. */
  private static final int FLOATS = 64 << 20;

  private static final int FMA_ROUNDS = 1 << 20;
  private static final int FMA_CHAINS = 12;

  private final int threads = Runtime.getRuntime().availableProcessors();
  private final float[] memory = new float[FLOATS];
  private final DoubleAdder sink = new DoubleAdder();

  Machine() {
    Arrays.fill(memory, 1);
    for (int i = 0; i < 8; i++) {
      dramBytesPerSecond();
      fmaFlopsPerSecond();
    }
  }

  /** Processors that the process may use. */
  int threads() {
    return threads;
  }

  /** Bytes per second that all processors together read from memory; the best of three runs. */
  double dramBytesPerSecond() {
    int part = FLOATS / threads;
    double best = 0;
    for (int run = 0; run < 3; run++) {
      double seconds = together(thread -> sum(memory, thread * part, part));
      best = Math.max(best, (double) part * threads * Float.BYTES / seconds);
    }
    return best;
  }

  /** Floating point operations per second of F32 multiply-adds; the best of three runs. */
  double fmaFlopsPerSecond() {
    double flops = 2.0 * FMA_CHAINS * LANES * FMA_ROUNDS * threads;
    double best = 0;
    for (int run = 0; run < 3; run++) {
      best = Math.max(best, flops / together(thread -> fma(FMA_ROUNDS)));
    }
    return best;
  }

  private interface Work {
    float run(int thread);
  }

  private double together(Work work) {
    CountDownLatch ready = new CountDownLatch(threads);
    CountDownLatch go = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(threads);
    for (int i = 0; i < threads; i++) {
      int thread = i;
      Thread.ofPlatform()
          .daemon()
          .start(
              () -> {
                ready.countDown();
                await(go);
                sink.add(work.run(thread));
                done.countDown();
              });
    }
    await(ready);
    long begun = System.nanoTime();
    go.countDown();
    await(done);
    return (System.nanoTime() - begun) / 1e9;
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Several accumulators, so that the sum waits for memory and not for additions. */
  private static float sum(float[] values, int from, int count) {
    FloatVector a = FloatVector.zero(SPECIES);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    for (int i = from; i + 4 * LANES <= from + count; i += 4 * LANES) {
      a = a.add(FloatVector.fromArray(SPECIES, values, i));
      b = b.add(FloatVector.fromArray(SPECIES, values, i + LANES));
      c = c.add(FloatVector.fromArray(SPECIES, values, i + 2 * LANES));
      d = d.add(FloatVector.fromArray(SPECIES, values, i + 3 * LANES));
    }
    return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
  }

  /** Twelve chains hide the latency of the multiply-add. */
  private static float fma(int rounds) {
    FloatVector x = FloatVector.broadcast(SPECIES, 0.999f);
    FloatVector y = FloatVector.broadcast(SPECIES, 0.001f);
    FloatVector a = y;
    FloatVector b = y;
    FloatVector c = y;
    FloatVector d = y;
    FloatVector e = y;
    FloatVector f = y;
    FloatVector g = y;
    FloatVector h = y;
    FloatVector i = y;
    FloatVector j = y;
    FloatVector k = y;
    FloatVector l = y;
    for (int round = 0; round < rounds; round++) {
      a = a.fma(x, y);
      b = b.fma(x, y);
      c = c.fma(x, y);
      d = d.fma(x, y);
      e = e.fma(x, y);
      f = f.fma(x, y);
      g = g.fma(x, y);
      h = h.fma(x, y);
      i = i.fma(x, y);
      j = j.fma(x, y);
      k = k.fma(x, y);
      l = l.fma(x, y);
    }
    return a.add(b)
        .add(c.add(d))
        .add(e.add(f))
        .add(g.add(h))
        .add(i.add(j))
        .add(k.add(l))
        .reduceLanes(VectorOperators.ADD);
  }

  /** Seconds that an action takes. */
  static double seconds(Runnable action) {
    long begun = System.nanoTime();
    action.run();
    return (System.nanoTime() - begun) / 1e9;
  }
}
