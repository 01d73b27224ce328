package dev.cofferdam.worker.serving;

import dev.cofferdam.worker.usage.AttemptRecord;

/** Told of what happens to requests, for metrics. */
public interface ServingListener {

  /** An attempt ended and was recorded. */
  void ended(AttemptRecord attempt);

  /** A grant was refused. */
  void grantRefused(String reason);
}
