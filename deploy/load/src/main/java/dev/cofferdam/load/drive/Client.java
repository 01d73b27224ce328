package dev.cofferdam.load.drive;

import dev.cofferdam.load.scenario.Planned;

/** Sends requests of a tenant. Does not wait for answers. */
public interface Client extends AutoCloseable {
  /**
   * Sends a request.
   *
   * @param answers told what comes back, on any thread; told an end exactly once
   * @return gives the request up
   */
  Runnable send(Planned planned, Answers answers);

  @Override
  void close();

  /** What comes back of one request. */
  interface Answers {
    /** Output came. */
    void output();

    /** All of the answer came. */
    void served(int promptTokens, int cachedTokens, int outputTokens);

    /**
     * It was refused or broke.
     *
     * @param code the stable code of the reason
     */
    void refused(String code);
  }
}
