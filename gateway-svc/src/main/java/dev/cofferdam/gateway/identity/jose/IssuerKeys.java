package dev.cofferdam.gateway.identity.jose;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The issuer's keys in force. They are read anew by {@link #refresh}, which whoever owns this calls
 * on a period, and soon after a kid came that is not among them, at most once in a while. Where
 * that fails, the last good set stays.
 */
public final class IssuerKeys {
  private static final Logger LOG = LoggerFactory.getLogger(IssuerKeys.class);

  private final KeySource source;
  private final Duration askedApart;
  private final Executor executor;
  private final InstantSource clock;
  private final AtomicBoolean refreshing = new AtomicBoolean();
  private final AtomicLong lastAskedMs = new AtomicLong(Long.MIN_VALUE / 2);
  private final LongAdder failures = new LongAdder();
  private volatile KeySet keys = KeySet.NONE;
  private volatile Instant read = Instant.EPOCH;

  /**
   * @param askedApart least time between two readings that unknown kids cause
   * @param executor where these are done, as they wait for the source
   */
  public IssuerKeys(KeySource source, Duration askedApart, Executor executor, InstantSource clock) {
    this.source = source;
    this.askedApart = askedApart;
    this.executor = executor;
    this.clock = clock;
  }

  /** Reads the keys anew; waits for the source, and does nothing where a reading is under way. */
  public void refresh() {
    if (!refreshing.compareAndSet(false, true)) {
      return;
    }
    try {
      keys = KeySet.parse(source.read());
      read = clock.instant();
    } catch (IOException | RuntimeException e) {
      failures.increment();
      LOG.warn("the issuer's keys cannot be read, the last ones stay: {}", e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      refreshing.set(false);
    }
  }

  /** The keys in force; has them read anew soon where this one is not among them. */
  KeySet forKey(String kid) {
    KeySet now = keys;
    if (!now.has(kid)) {
      long last = lastAskedMs.get();
      long next = clock.millis();
      if (next - last >= askedApart.toMillis() && lastAskedMs.compareAndSet(last, next)) {
        executor.execute(this::refresh);
        return keys;
      }
    }
    return now;
  }

  /** Readings that failed. */
  public long failures() {
    return failures.sum();
  }

  /** Keys in force. */
  public int size() {
    return keys.size();
  }

  /** Seconds since the keys in force were read; those since 1970 where none were. */
  public long ageS() {
    return Duration.between(read, clock.instant()).toSeconds();
  }
}
