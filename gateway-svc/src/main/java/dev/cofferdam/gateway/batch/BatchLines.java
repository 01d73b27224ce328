package dev.cofferdam.gateway.batch;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Runs single lines; the protocol's words are its own. */
public interface BatchLines {
  /** What became of a line. */
  sealed interface Outcome {
    /**
     * It is done.
     *
     * @param answered whether it has an answer; else a refusal or failure
     * @param text the line to be written
     */
    record Done(boolean answered, String text) implements Outcome {}

    /** It cannot be run now; nothing was used. */
    record Later(Duration after) implements Outcome {}

    /** Nothing of this job can ever be run: its tenant is gone. */
    record Never() implements Outcome {}
  }

  /** A line under way. */
  interface Running {
    /** Completes with its outcome, unless it was cancelled before. */
    CompletableFuture<Outcome> outcome();

    /** Ends it within a step. */
    void cancel();
  }

  /** Whether tenants and keys are known, without which nothing can be said of a job. */
  boolean ready();

  /** Whether what its submitter showed still holds; a job whose key was revoked ends. */
  boolean mayRun(Batch batch);

  /** Lines of a job that may run at once, as far as its tenant's limits go; at least 1. */
  int atOnceMax(Batch batch);

  /**
   * Starts a line of a job. Does not block for its answer.
   *
   * @param again it was tried before and has waited: that it has to wait is in the audit log
   */
  Running run(Batch batch, String line, boolean again);

  /**
   * The text to be written for a line that is not run any more.
   *
   * @param code "batch_expired", "batch_cancelled" or "batch_revoked"
   */
  String given(Batch batch, String line, String code);
}
