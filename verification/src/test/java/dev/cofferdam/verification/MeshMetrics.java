package dev.cofferdam.verification;

import dev.cofferdam.load.metrics.Samples;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The metrics pages of the mesh's processes.
 *
 * @param urls of each process' page, by its name
 */
public record MeshMetrics(Map<String, String> urls) {
  /** Sum of a metric over the processes of a service; 0 where it is absent. */
  public double sum(String service, String name) {
    double sum = 0;
    for (Map.Entry<String, String> entry : urls.entrySet()) {
      if (entry.getKey().equals(service) || entry.getKey().startsWith(service + "-")) {
        sum += Samples.parse(at(entry.getValue())).sum(name);
      }
    }
    return sum;
  }

  /** What the metrics endpoint of each process shows, by the process' name. */
  public Map<String, String> pages() {
    return urls.entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, entry -> at(entry.getValue())));
  }

  /** The same of one process in the OpenMetrics format, which has traces as examples of buckets. */
  public String openMetrics(String process) {
    return at(
        // As Prometheus asks with scrape_protocols: [OpenMetricsText1.0.0]; without */* it is
        // refused.
        urls.get(process), "application/openmetrics-text;version=1.0.0;q=0.6,*/*;q=0.5");
  }

  /** What all services' metrics endpoints show. */
  public String all() {
    return urls.values().stream().map(MeshMetrics::at).collect(Collectors.joining());
  }

  private static String at(String url) {
    return at(url, "text/plain; version=0.0.4");
  }

  private static String at(String url, String format) {
    // HTTP/1.1, as Prometheus asks: this client's change to HTTP/2 on a plain connection may hang.
    try (HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      return http.send(
              HttpRequest.newBuilder(URI.create(url))
                  .timeout(Duration.ofSeconds(30))
                  .header("accept", format)
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
