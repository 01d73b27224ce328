package dev.cofferdam.load.metrics;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** The metrics pages of the mesh's processes. */
public final class MetricsPages implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(2);

  private final Map<String, String> urls;
  // The metrics' server speaks HTTP/1.1; asked to change to HTTP/2 it may not answer.
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(TIMEOUT).build();

  /**
   * @param urls of each process' page, by its name
   */
  public MetricsPages(Map<String, String> urls) {
    this.urls = Map.copyOf(urls);
  }

  /** Whether there are any. */
  public boolean isEmpty() {
    return urls.isEmpty();
  }

  /** What each process says now, by its name. One that is away is not there. */
  public Map<String, Samples> read() throws InterruptedException {
    Map<String, Samples> told = new HashMap<>();
    for (Map.Entry<String, String> process : urls.entrySet()) {
      try {
        HttpRequest request =
            HttpRequest.newBuilder(URI.create(process.getValue()))
                .timeout(TIMEOUT)
                .header("accept", "text/plain")
                .build();
        told.put(
            process.getKey(), Samples.parse(http.send(request, BodyHandlers.ofString()).body()));
      } catch (IOException e) {
        // A process that is away tells nothing now.
      }
    }
    return told;
  }

  /**
   * What all processes say now, by their names.
   *
   * @throws IllegalStateException where one of them is away
   */
  public Map<String, Samples> readAll() throws InterruptedException {
    Map<String, Samples> told = read();
    if (told.size() < urls.size()) {
      throw new IllegalStateException(
          "the metrics of a process cannot be read; there answered: " + told.keySet());
    }
    return told;
  }

  @Override
  public void close() {
    http.close();
  }
}
