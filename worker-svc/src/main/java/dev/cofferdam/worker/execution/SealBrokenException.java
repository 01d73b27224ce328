package dev.cofferdam.worker.execution;

/** A sealed KV block is not what was sealed: a bit was flipped, or the key is another or gone. */
public final class SealBrokenException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public SealBrokenException() {
    super("a KV block failed its authentication");
  }
}
