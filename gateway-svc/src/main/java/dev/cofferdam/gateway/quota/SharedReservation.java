package dev.cofferdam.gateway.quota;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One reservation for several generations that are one request for the limits. Whoever asks first
 * has it made for all of them; it is settled with what all of them used once each has settled and
 * it was closed. Thread-safe.
 */
public final class SharedReservation implements Limiter, AutoCloseable {
  private final Limiter limiter;
  private final Reservation whole;
  private @Nullable CompletionStage<Admission> admission;
  private @Nullable Lease lease;

  /** Those that have not settled, and whoever is to close it. */
  private int open = 1;

  private long promptTokens;
  private long cachedPromptTokens;
  private long outputTokens;

  /**
   * @param whole what all of them may use together
   */
  public SharedReservation(Limiter limiter, Reservation whole) {
    this.limiter = limiter;
    this.whole = whole;
  }

  /** Answers what the one decision was, or will be. */
  @Override
  public synchronized CompletionStage<Admission> admit(Reservation part) {
    if (admission == null) {
      admission = limiter.admit(whole);
    }
    open++;
    return admission;
  }

  @Override
  public CompletionStage<Void> settle(Lease held, Used used) {
    synchronized (this) {
      lease = held;
      promptTokens += used.promptTokens();
      cachedPromptTokens += used.cachedPromptTokens();
      outputTokens += used.outputTokens();
    }
    return leave();
  }

  /** No more generations will ask. To be called once. */
  @Override
  public void close() {
    var unused = leave();
  }

  private CompletionStage<Void> leave() {
    Lease last;
    synchronized (this) {
      last = --open == 0 ? lease : null;
    }
    return last == null
        ? CompletableFuture.completedFuture(null)
        : limiter.settle(last, new Used(promptTokens, cachedPromptTokens, outputTokens));
  }
}
