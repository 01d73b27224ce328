package dev.cofferdam.verification;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import javax.net.ssl.SSLContext;

/** A plain HTTPS client of the REST edge, for what an SDK would not send. */
public final class Rest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient http;
  private final String base;

  public Rest(String base, SSLContext tls) {
    this.base = base;
    this.http =
        HttpClient.newBuilder().sslContext(tls).connectTimeout(Duration.ofSeconds(5)).build();
  }

  /** An answer. */
  public record Answer(int status, java.net.http.HttpHeaders headers, String body) {
    /** The body as JSON. */
    public JsonNode json() {
      try {
        return JSON.readTree(body);
      } catch (IOException e) {
        throw new AssertionError("not JSON, status " + status, e);
      }
    }

    /** A header, "" where absent. */
    public String header(String name) {
      return headers.firstValue(name).orElse("");
    }
  }

  /** Posts a body with a key ("" for none) and further headers, name and value in turn. */
  public Answer post(String path, String key, byte[] body, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + path))
            .timeout(Duration.ofSeconds(60))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    return send(request, key, headers);
  }

  /** Posts text. */
  public Answer post(String path, String key, String body, String... headers) {
    return post(path, key, body.getBytes(java.nio.charset.StandardCharsets.UTF_8), headers);
  }

  /** Gets a path. */
  public Answer get(String path, String key, String... headers) {
    return send(
        HttpRequest.newBuilder(URI.create(base + path)).timeout(Duration.ofSeconds(60)).GET(),
        key,
        headers);
  }

  private Answer send(HttpRequest.Builder request, String key, String... headers) {
    if (!key.isEmpty()) {
      request.header("Authorization", "Bearer " + key);
    }
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    try {
      HttpResponse<String> response =
          http.send(request.build(), HttpResponse.BodyHandlers.ofString());
      return new Answer(response.statusCode(), response.headers(), response.body());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
