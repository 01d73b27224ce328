package dev.cofferdam.load.arrivals;

import java.util.Arrays;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;

/**
 * When requests come. Times are microseconds from the begin of the process, and do not depend on
 * how long any request takes: an open loop.
 */
public sealed interface Arrivals {
  /** Microseconds of a second. */
  double SECOND_US = 1e6;

  /**
   * The next arrival.
   *
   * @param afterUs the one before, or the begin
   * @param random draws the gap
   * @return later than {@code afterUs}, or at it; empty when no more come
   */
  OptionalLong next(long afterUs, RandomGenerator random);

  /** The same with a rate that is so many times as high. */
  Arrivals times(double factor);

  /** Mean arrivals a second; for a trace, those of its own length. */
  double perSecond();

  /**
   * Independent arrivals of an even rate.
   *
   * @param perSecond mean rate, above 0
   */
  record Poisson(double perSecond) implements Arrivals {
    public Poisson {
      positive("rate", perSecond);
    }

    @Override
    public OptionalLong next(long afterUs, RandomGenerator random) {
      return OptionalLong.of(afterUs + exponentialUs(perSecond, random));
    }

    @Override
    public Arrivals times(double factor) {
      return new Poisson(perSecond * factor);
    }
  }

  /**
   * Independent arrivals whose rate is higher for a while in each period. Drawn by thinning (Lewis
   * and Shedler, Simulation of nonhomogeneous Poisson processes by thinning, 1979).
   *
   * @param base mean rate outside of bursts, a second
   * @param burst mean rate within, not lower
   * @param everyS seconds of a period, which ends with its burst
   * @param burstS seconds of a burst
   */
  record Bursts(double base, double burst, double everyS, double burstS) implements Arrivals {
    public Bursts {
      positive("rate", base);
      positive("every_s", everyS);
      positive("burst_s", burstS);
      if (burst < base || burstS > everyS) {
        throw new IllegalArgumentException(
            "a burst has at least the rate outside of it, and is no longer than its period");
      }
    }

    @Override
    public OptionalLong next(long afterUs, RandomGenerator random) {
      long at = afterUs;
      do {
        at += exponentialUs(burst, random);
      } while (random.nextDouble() * burst >= rate(at));
      return OptionalLong.of(at);
    }

    private double rate(long atUs) {
      return atUs / SECOND_US % everyS >= everyS - burstS ? burst : base;
    }

    @Override
    public Arrivals times(double factor) {
      return new Bursts(base * factor, burst * factor, everyS, burstS);
    }

    @Override
    public double perSecond() {
      return (base * (everyS - burstS) + burst * burstS) / everyS;
    }
  }

  /** Times that were recorded. */
  final class Trace implements Arrivals {
    private final long[] atUs;

    /**
     * @param atSeconds seconds from the begin, none below 0, at least one
     */
    public Trace(double... atSeconds) {
      if (atSeconds.length == 0 || Arrays.stream(atSeconds).anyMatch(at -> !(at >= 0))) {
        throw new IllegalArgumentException("a trace has times, and none of them is below 0");
      }
      this.atUs = Arrays.stream(atSeconds).mapToLong(at -> (long) (at * SECOND_US)).toArray();
      Arrays.sort(this.atUs);
      // Times are strictly ascending, so that the one before says which is next.
      for (int i = 1; i < atUs.length; i++) {
        atUs[i] = Math.max(atUs[i], atUs[i - 1] + 1);
      }
    }

    @Override
    public OptionalLong next(long afterUs, RandomGenerator random) {
      int found = Arrays.binarySearch(atUs, afterUs + 1);
      int index = found < 0 ? -found - 1 : found;
      return index == atUs.length ? OptionalLong.empty() : OptionalLong.of(atUs[index]);
    }

    @Override
    public Arrivals times(double factor) {
      return new Trace(Arrays.stream(atUs).mapToDouble(at -> at / SECOND_US / factor).toArray());
    }

    @Override
    public double perSecond() {
      return atUs.length * SECOND_US / Math.max(1, atUs[atUs.length - 1]);
    }
  }

  private static long exponentialUs(double perSecond, RandomGenerator random) {
    return (long) (random.nextExponential() / perSecond * SECOND_US);
  }

  private static void positive(String name, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: above 0)");
    }
  }
}
