package dev.cofferdam.worker.adapter;

/**
 * An adapter cannot be fetched now: its store is not reached, or does not let this worker in.
 * Trying again later may help. The message names neither the store nor what it said.
 */
public final class AdapterUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public AdapterUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
