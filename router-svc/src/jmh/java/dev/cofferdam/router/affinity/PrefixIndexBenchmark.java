package dev.cofferdam.router.affinity;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Who holds a prompt's prefix: a chain of digests looked up among those of all workers. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class PrefixIndexBenchmark {
  private static final int CHAIN = 64;

  @Param({"10", "1000"})
  int workers;

  private final PrefixIndex index = new PrefixIndex(2_000_000);
  private final List<List<byte[]>> chains = new ArrayList<>();
  private final List<byte[]> foreign = new ArrayList<>();
  private int next;

  /** Each worker holds 16 chains; each chain is held by two workers. */
  @Setup
  public void fill() {
    Random random = new Random(7);
    for (int w = 0; w < workers; w++) {
      for (int c = 0; c < 16; c++) {
        List<byte[]> chain = chain(random);
        chains.add(chain);
        index.add(w, chain);
        index.add((w + 1) % workers, chain);
      }
    }
    foreign.addAll(chain(random));
  }

  private static List<byte[]> chain(Random random) {
    List<byte[]> chain = new ArrayList<>();
    for (int i = 0; i < CHAIN; i++) {
      byte[] digest = new byte[32];
      random.nextBytes(digest);
      chain.add(digest);
    }
    return chain;
  }

  /** A prompt of 1024 tokens whose blocks two workers hold. */
  @Benchmark
  public int[] hit() {
    next = (next + 1) % chains.size();
    return index.match(chains.get(next), workers);
  }

  /** A prompt that nobody holds. */
  @Benchmark
  public int[] miss() {
    return index.match(foreign, workers);
  }
}
