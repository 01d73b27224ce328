package dev.cofferdam.worker.batching;

/** Why a sequence ended. */
public enum EndCause {
  /** A stop token, which is the last of the output. */
  STOP_TOKEN(Outcome.COMPLETED),
  /** The bound of the output, or the model's context. */
  LENGTH(Outcome.COMPLETED),
  /** The input is read and its embedding is made. */
  EMBEDDED(Outcome.COMPLETED),
  /** The caller has all that it wanted: it met a stop text. */
  FINISHED(Outcome.COMPLETED),
  /** The caller went away. */
  CANCELLED(Outcome.CANCELLED),
  /** The caller did not read for too long. */
  SLOW_READER(Outcome.CANCELLED),
  /** The scheduler took the lease back. */
  REVOKED(Outcome.CANCELLED),
  /** The logits, or the hidden states, were not finite. */
  NOT_FINITE(Outcome.FAILED),
  /** The step failed with this sequence alone in it. */
  STEP_FAILED(Outcome.FAILED),
  /** The sequence ran into the border of a tenant. */
  ISOLATION(Outcome.FAILED),
  /** More KV memory than the tenant or the worker can ever give. */
  OUT_OF_MEMORY(Outcome.FAILED),
  /** Its model could not be loaded. */
  MODEL_UNAVAILABLE(Outcome.FAILED),
  /** The worker ends. */
  SHUTDOWN(Outcome.FAILED),
  /** It was never begun: its adapter, its tokens or the worker's state did not allow it. */
  REFUSED(Outcome.FAILED);

  /** The coarse outcome, for schedulers and bills. */
  public enum Outcome {
    /** To its end. */
    COMPLETED,
    /** Ended from outside. */
    CANCELLED,
    /** Ended by an error. */
    FAILED
  }

  private final Outcome outcome;

  EndCause(Outcome outcome) {
    this.outcome = outcome;
  }

  /** The coarse outcome. */
  public Outcome outcome() {
    return outcome;
  }
}
