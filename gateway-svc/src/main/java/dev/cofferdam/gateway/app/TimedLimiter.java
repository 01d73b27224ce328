package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.quota.Admission;
import dev.cofferdam.gateway.quota.Lease;
import dev.cofferdam.gateway.quota.Limiter;
import dev.cofferdam.gateway.quota.Reservation;
import dev.cofferdam.gateway.quota.Used;
import io.micrometer.core.instrument.Counter;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;

/** A limiter whose decisions are timed, the wait for Redis included. */
final class TimedLimiter implements Limiter {
  private static final double NS_PER_S = 1e9;

  private final Limiter limiter;
  private final Counter seconds;
  private final LongSupplier nanoTime;

  TimedLimiter(Limiter limiter, Counter seconds, LongSupplier nanoTime) {
    this.limiter = limiter;
    this.seconds = seconds;
    this.nanoTime = nanoTime;
  }

  @Override
  public CompletionStage<Admission> admit(Reservation reservation) {
    long begun = nanoTime.getAsLong();
    return limiter
        .admit(reservation)
        .thenApply(
            admission -> {
              seconds.increment((nanoTime.getAsLong() - begun) / NS_PER_S);
              return admission;
            });
  }

  @Override
  public CompletionStage<Void> settle(Lease lease, Used used) {
    return limiter.settle(lease, used);
  }
}
