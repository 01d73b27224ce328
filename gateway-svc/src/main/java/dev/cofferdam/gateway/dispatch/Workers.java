package dev.cofferdam.gateway.dispatch;

import java.util.function.Consumer;

/** Has workers generate. */
public interface Workers {
  /**
   * Calls a leased worker; never blocks. The listener gets {@code WorkerStarted}, {@code Tokens},
   * and then one {@code WorkerFinished} or {@code WorkerFailed}; no more messages than were asked
   * for by {@link Call#request}.
   */
  Call generate(Ask ask, Consumer<Event> listener);

  /**
   * What is asked for.
   *
   * @param attempt 1 for the first
   * @param tokens input and the output so far
   * @param prefixKey the tenant's key to its prefix cache
   */
  record Ask(
      Generation generation, int attempt, Placement placement, int[] tokens, byte[] prefixKey) {}

  /** A call under way. */
  interface Call {
    /** Asks for so many more messages. */
    void request(int messages);

    /** Ends the work within a step. */
    void cancel();

    /**
     * Ends the work as completed, and settles its bill. For generations with stop texts, whose
     * bills wait for this.
     *
     * @param outputTokens output tokens of this call that are billed
     */
    void finish(int outputTokens);
  }
}
