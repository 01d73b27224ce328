package dev.cofferdam.worker.lease.grpc;

import java.util.concurrent.ThreadLocalRandom;

/** Milliseconds between tries to reach a peer: doubled each time, with jitter. */
final class Backoff {
  private static final long FIRST_MS = 50;
  private static final long MAX_MS = 1_000;

  private long nextMs = FIRST_MS;

  /** How long to wait before the next try. */
  long nextMs() {
    long wait = nextMs;
    nextMs = Math.min(MAX_MS, 2 * nextMs);
    return wait / 2 + ThreadLocalRandom.current().nextLong(wait / 2 + 1);
  }

  /** The peer answered. */
  void reset() {
    nextMs = FIRST_MS;
  }
}
