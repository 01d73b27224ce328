package dev.cofferdam.load.saturation;

import dev.cofferdam.load.metrics.MetricsPages;
import java.time.Duration;

/** Looks at the metrics of the mesh's processes each second, and remembers the highest use. */
public final class MetricsWatch implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final MetricsPages pages;
  private final Thread thread;
  private Saturation highest = Saturation.UNKNOWN;

  /**
   * Begins to look.
   *
   * @param pages of the mesh; none: nothing is known. They stay the caller's to close
   */
  public MetricsWatch(MetricsPages pages) {
    this.pages = pages;
    this.thread = Thread.ofVirtual().start(this::watch);
  }

  private void watch() {
    try {
      while (!pages.isEmpty()) {
        Thread.sleep(PAUSE);
        Saturation now = Saturation.of(pages.read());
        synchronized (this) {
          highest = highest.or(now);
        }
      }
    } catch (InterruptedException e) {
      // Closed.
    }
  }

  /** The highest use since the last call, or the begin. */
  public synchronized Saturation highest() {
    Saturation told = highest;
    highest = Saturation.UNKNOWN;
    return told;
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
