package dev.cofferdam.load.saturation;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** Looks at the metrics of the mesh's processes each second, and remembers the highest use. */
public final class MetricsWatch implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(2);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final Map<String, String> urls;
  // The metrics' server speaks HTTP/1.1; asked to change to HTTP/2 it may not answer.
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(TIMEOUT).build();
  private final Thread thread;
  private Saturation highest = Saturation.UNKNOWN;

  /**
   * Begins to look.
   *
   * @param urls of each process' metrics, by its name; none: nothing is known
   */
  public MetricsWatch(Map<String, String> urls) {
    this.urls = Map.copyOf(urls);
    this.thread = Thread.ofVirtual().start(this::watch);
  }

  private void watch() {
    try {
      while (!urls.isEmpty()) {
        Thread.sleep(PAUSE);
        look();
      }
    } catch (InterruptedException e) {
      // Closed.
    }
  }

  private void look() throws InterruptedException {
    Map<String, Samples> told = new HashMap<>();
    for (Map.Entry<String, String> process : urls.entrySet()) {
      try {
        HttpRequest request =
            HttpRequest.newBuilder(URI.create(process.getValue())).timeout(TIMEOUT).build();
        told.put(
            process.getKey(), Samples.parse(http.send(request, BodyHandlers.ofString()).body()));
      } catch (IOException e) {
        // A process that is away tells nothing now.
      }
    }
    Saturation now = Saturation.of(told);
    synchronized (this) {
      highest = highest.or(now);
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
    http.close();
  }
}
