package dev.cofferdam.mesh;

import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends this process when the one that started it is gone: the parent holds the other end of
 * standard input and never writes. Used by the local launcher, so that killing it leaves nothing
 * behind; off unless {@code COFFERDAM_PARENT_WATCH=stdin} is set.
 */
public final class ParentWatch {
  private static final Logger LOG = LoggerFactory.getLogger(ParentWatch.class);

  private ParentWatch() {}

  /** Starts to watch where the environment asks for it. */
  public static void startIfAsked() {
    if (!"stdin".equals(System.getenv("COFFERDAM_PARENT_WATCH"))) {
      return;
    }
    Thread.ofPlatform().daemon().name("parent-watch").start(ParentWatch::watch);
  }

  private static void watch() {
    try {
      while (System.in.read() >= 0) {
        // Whatever the parent writes is ignored; only the end counts.
      }
    } catch (IOException e) {
      LOG.debug("standard input failed: {}", e.getMessage());
    }
    LOG.warn("the launcher is gone; ending");
    Thread killer =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    Thread.sleep(5_000);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  Runtime.getRuntime().halt(1);
                });
    LOG.debug("halting in 5 s at the latest ({})", killer.getName());
    System.exit(0);
  }
}
