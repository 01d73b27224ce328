package dev.cofferdam.worker.serving.grpc;

import java.util.concurrent.ArrayBlockingQueue;

/**
 * Hands tokens to the transport on a thread of its own: the step thread only leaves them in their
 * streams' buffers, so that messages, wake-ups and garbage cost no step anything.
 */
final class Deliveries implements AutoCloseable {
  private final ArrayBlockingQueue<TokenStream> waiting;
  private final Thread thread;
  private volatile boolean closing;

  /**
   * @param streamsMax streams that may wait at once; each waits once at most
   */
  Deliveries(int streamsMax) {
    waiting = new ArrayBlockingQueue<>(streamsMax);
    thread = Thread.ofPlatform().daemon().name("delivery").start(this::run);
  }

  /** Has a stream delivered soon; false where too many wait. */
  boolean offer(TokenStream stream) {
    return waiting.offer(stream);
  }

  private void run() {
    try {
      while (!closing) {
        waiting.take().deliver();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closing = true;
    thread.interrupt();
  }
}
