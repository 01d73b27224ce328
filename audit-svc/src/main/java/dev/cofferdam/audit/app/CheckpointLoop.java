package dev.cofferdam.audit.app;

import dev.cofferdam.audit.log.CheckpointIssuer;
import dev.cofferdam.mesh.store.StoreUnavailableException;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Signs the log's head on its own thread, at a steady pace, for as long as the log grows. */
final class CheckpointLoop implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointLoop.class);
  private static final long TROUBLE_MS = 1_000;

  private final CheckpointIssuer issuer;
  private final AuditMetrics metrics;
  private final long paceMs;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;
  private volatile long signedSize;
  private volatile Optional<String> trouble = Optional.empty();
  private boolean alarmed;

  private CheckpointLoop(CheckpointIssuer issuer, AuditMetrics metrics, long paceMs) {
    this.issuer = issuer;
    this.metrics = metrics;
    this.paceMs = paceMs;
    this.thread = Thread.ofPlatform().daemon().name("checkpoints").unstarted(this::run);
  }

  /** Starts to sign. */
  static CheckpointLoop start(CheckpointIssuer issuer, AuditMetrics metrics, long paceMs) {
    CheckpointLoop loop = new CheckpointLoop(issuer, metrics, paceMs);
    loop.thread.start();
    return loop;
  }

  /** Size of the tree that was signed last by this process. */
  long signedSize() {
    return signedSize;
  }

  /** Why the head was not signed when that was tried last. */
  Optional<String> trouble() {
    return trouble;
  }

  private void run() {
    try {
      long waitMs = 0;
      while (!closing.await(waitMs, TimeUnit.MILLISECONDS)) {
        waitMs = step();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Tries to sign; gives the milliseconds to wait before the next try. */
  private long step() {
    try {
      switch (issuer.step()) {
        case CheckpointIssuer.Outcome.Signed signed -> {
          signedSize = signed.checkpoint().size();
          metrics.signed();
        }
        case CheckpointIssuer.Outcome.Unchanged unchanged -> {}
        case CheckpointIssuer.Outcome.Inconsistent bad -> {
          alarm(
              "the log of "
                  + bad.size()
                  + " leaves contradicts the signed tree of "
                  + bad.signedSize()
                  + "; it is not signed");
          return TROUBLE_MS;
        }
      }
      alarmed = false;
      trouble = Optional.empty();
      return paceMs;
    } catch (StoreUnavailableException e) {
      // Whether the log continues what was signed is not known; that it does not, would be.
      inTrouble("no checkpoint can be signed: " + e.getMessage());
      return TROUBLE_MS;
    } catch (RuntimeException e) {
      alarm("no checkpoint can be signed: " + e.getMessage());
      return TROUBLE_MS;
    }
  }

  private void alarm(String message) {
    metrics.notSigned();
    inTrouble(message);
  }

  private void inTrouble(String message) {
    trouble = Optional.of(message);
    if (!alarmed) {
      LOG.error(message);
    }
    alarmed = true;
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
