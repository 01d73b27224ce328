package dev.cofferdam.gateway.responses;

import dev.cofferdam.gateway.dispatch.Generation;
import java.util.Optional;
import java.util.function.Consumer;

/** Has the question of a generation embedded. */
public interface Embedder {
  /**
   * Starts it.
   *
   * @param generation with a likeness
   * @param made told once: the embedding, of length 1, or nothing where none can be made; not
   *     called any more after it was stopped
   * @return stops it
   */
  Runnable embed(Generation generation, Consumer<Optional<float[]>> made);
}
