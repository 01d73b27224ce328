package dev.cofferdam.audit.app;

import dev.cofferdam.audit.log.Checkpoints;
import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.NoteVerifier;
import dev.cofferdam.audit.witness.Cosigning;
import dev.cofferdam.audit.witness.Witness.WitnessAwayException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Has the latest checkpoint cosigned by each witness, at a steady pace, on its own thread. */
final class WitnessLoop implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WitnessLoop.class);

  private final List<Cosigning> witnesses;
  private final Checkpoints checkpoints;
  private final NoteVerifier key;
  private final AuditMetrics metrics;
  private final long paceMs;
  private final Map<String, String> troubles = new HashMap<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;

  private WitnessLoop(
      List<Cosigning> witnesses,
      Checkpoints checkpoints,
      NoteVerifier key,
      AuditMetrics metrics,
      long paceMs) {
    this.witnesses = witnesses;
    this.checkpoints = checkpoints;
    this.key = key;
    this.metrics = metrics;
    this.paceMs = paceMs;
    this.thread = Thread.ofPlatform().daemon().name("witnesses").unstarted(this::run);
  }

  /** Starts to ask. */
  static WitnessLoop start(
      List<Cosigning> witnesses,
      Checkpoints checkpoints,
      NoteVerifier key,
      AuditMetrics metrics,
      long paceMs) {
    WitnessLoop loop = new WitnessLoop(witnesses, checkpoints, key, metrics, paceMs);
    loop.thread.start();
    return loop;
  }

  private void run() {
    try {
      while (!witnesses.isEmpty() && !closing.await(paceMs, TimeUnit.MILLISECONDS)) {
        step();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void step() {
    try {
      Optional<String> note = checkpoints.latest();
      Optional<Checkpoint> tree = note.flatMap(key::open).map(Checkpoint::parse);
      if (tree.isPresent() && tree.get().size() > 0) {
        witnesses.forEach(witness -> ask(witness, tree.get(), note.orElseThrow()));
      }
    } catch (RuntimeException e) {
      LOG.warn("no checkpoint for witnesses: {}", e.getClass().getSimpleName());
    }
  }

  private void ask(Cosigning witness, Checkpoint tree, String note) {
    try {
      switch (witness.step(tree, note)) {
        case Cosigning.Outcome.Cosigned cosigned -> {
          metrics.cosigned();
          troubles.remove(witness.name());
        }
        case Cosigning.Outcome.Unchanged unchanged -> {}
        case Cosigning.Outcome.Ahead ahead ->
            trouble(
                witness,
                "has cosigned a tree of "
                    + ahead.witnessedSize()
                    + " leaves, and the log has "
                    + ahead.size());
        case Cosigning.Outcome.Refused refused ->
            trouble(witness, "refuses to cosign: " + refused.status());
      }
    } catch (WitnessAwayException e) {
      trouble(witness, "cannot be reached");
    } catch (RuntimeException e) {
      trouble(witness, "could not be asked: " + e.getClass().getSimpleName());
    }
  }

  /** Says a trouble once, until it is another one. */
  private void trouble(Cosigning witness, String what) {
    metrics.notCosigned();
    if (!what.equals(troubles.put(witness.name(), what))) {
      LOG.error("witness {} {}", witness.name(), what);
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
