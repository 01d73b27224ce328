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

  /** Lines of a job that may run at once, as far as its tenant's limits go; at least 1. */
  int atOnceMax(Batch batch);

  /** Starts a line of a job. Does not block for its answer. */
  Running run(Batch batch, String line);

  /**
   * The text to be written for a line that is not run any more.
   *
   * @param code "batch_expired" or "batch_cancelled"
   */
  String given(Batch batch, String line, String code);
}
