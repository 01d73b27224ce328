package dev.cofferdam.gateway.dispatch;

/**
 * The client's end of a request. Called by one thread at a time; must not block. Tells the {@link
 * Dispatch} when it can take more, and when it went away.
 */
public interface Client {
  /** Takes what the client is told. */
  void tell(Told told);

  /** Whether it can take more without buffering. Nothing is lost where more comes all the same. */
  boolean ready();
}
