package dev.cofferdam.worker.app.bench;

/**
 * A part of the bench. Rounds of all sections are interleaved, so that a machine that grows faster
 * or slower in between does so for all of them; a figure is the median of its rounds.
 *
 * <p>To add one: a class of this interface, and a line in {@link EngineBench}'s list.
 */
interface BenchSection extends AutoCloseable {
  /** What the progress lines call it. */
  String name();

  /** Allocates and warms up, before the first round. */
  void prepare();

  /**
   * Measures everything once, value and baseline close to each other in time. Called once before
   * the rounds that count, with samples that are thrown away.
   */
  void round(Samples samples);

  /** Lets go of the memory. */
  @Override
  default void close() {}
}
