package dev.cofferdam.gateway.identity.jose;

import java.io.IOException;

/** Where an issuer's keys are published. */
@FunctionalInterface
public interface KeySource {
  /** Bytes of a key set at most; what is larger is no key set. */
  int BYTES_MAX = 256 << 10;

  /**
   * The document as it stands; waits for it, for a bounded time.
   *
   * @throws IOException where it cannot be had
   */
  byte[] read() throws IOException, InterruptedException;
}
