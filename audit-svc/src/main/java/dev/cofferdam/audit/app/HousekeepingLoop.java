package dev.cofferdam.audit.app;

import dev.cofferdam.audit.retention.Housekeeping;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Retires and destroys keys in their time, on its own thread. */
final class HousekeepingLoop implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HousekeepingLoop.class);
  private static final long TROUBLE_MS = 10_000;

  private final Housekeeping housekeeping;
  private final InstantSource clock;
  private final AuditMetrics metrics;
  private final long paceMs;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;

  private HousekeepingLoop(
      Housekeeping housekeeping, InstantSource clock, AuditMetrics metrics, long paceMs) {
    this.housekeeping = housekeeping;
    this.clock = clock;
    this.metrics = metrics;
    this.paceMs = paceMs;
    this.thread = Thread.ofPlatform().daemon().name("housekeeping").unstarted(this::run);
  }

  static HousekeepingLoop start(
      Housekeeping housekeeping, InstantSource clock, AuditMetrics metrics, long paceMs) {
    HousekeepingLoop loop = new HousekeepingLoop(housekeeping, clock, metrics, paceMs);
    loop.thread.start();
    return loop;
  }

  private void run() {
    try {
      // The tenants' records are read first: whose retention is short must not wait for an hour,
      // and whose record is not read yet must not lose anything. Unknown ones keep the most.
      long waitMs = Math.min(paceMs, TROUBLE_MS);
      while (!closing.await(waitMs, TimeUnit.MILLISECONDS)) {
        waitMs = step();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private long step() {
    try {
      Housekeeping.Done done = housekeeping.step(clock.instant());
      metrics.expired(done.destroyed());
      if (done.retired() + done.destroyed() > 0) {
        LOG.info("data keys: {} retired, {} destroyed", done.retired(), done.destroyed());
      }
      return paceMs;
    } catch (RuntimeException e) {
      LOG.warn("keys cannot be looked through, trying again: {}", e.getClass().getSimpleName());
      return Math.min(paceMs, TROUBLE_MS);
    }
  }

  @Override
  public void close() {
    closing.countDown();
    try {
      thread.join(5_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
