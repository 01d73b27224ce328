package dev.cofferdam.gateway.responses;

import dev.cofferdam.gateway.dispatch.Client;
import dev.cofferdam.gateway.dispatch.Dispatch;
import dev.cofferdam.gateway.dispatch.Dispatcher;
import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.Threads;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.vocabulary.RequestId;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * Embeds questions as {@code /v1/embeddings} embeds texts: on a worker of the tenant's, with the
 * model and the adapter of the answer. Each has a request id, usage and audit facts of its own; for
 * the limits it is part of the request that asks.
 */
public final class MeshEmbedder implements Embedder {
  private final Dispatcher dispatcher;
  private final Threads threads;

  /**
   * @param disk runs what writes to the disk
   */
  public MeshEmbedder(Dispatcher dispatcher, Executor disk) {
    this.dispatcher = dispatcher.unlimited();
    this.threads = new Threads(Runnable::run, disk);
  }

  @Override
  public Runnable embed(Generation generation, Consumer<Optional<float[]>> made) {
    Generation question =
        generation.ofQuestion(RequestId.random(), generation.likeness().orElseThrow());
    Dispatch dispatch = dispatcher.start(question, new Asker(made), threads);
    return dispatch::cancel;
  }

  private static final class Asker implements Client {
    private final Consumer<Optional<float[]>> made;
    private Optional<float[]> embedding = Optional.empty();

    Asker(Consumer<Optional<float[]>> made) {
      this.made = made;
    }

    @Override
    public void tell(Told told) {
      switch (told) {
        case Told.Embedding done -> embedding = Optional.of(done.values());
        case Told.Finished unused -> made.accept(embedding);
        case Told.Failed unused -> made.accept(Optional.empty());
        default -> {
          // On the way.
        }
      }
    }

    @Override
    public boolean ready() {
      return true;
    }
  }
}
