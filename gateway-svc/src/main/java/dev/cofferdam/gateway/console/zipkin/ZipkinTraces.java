package dev.cofferdam.gateway.console.zipkin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cofferdam.gateway.console.Traces;
import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Spans from a store with <a href="https://zipkin.io/zipkin-api/">Zipkin's API, version 2</a>: the
 * traces that have a span whose tag names the request.
 */
public final class ZipkinTraces implements Traces, AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(3);
  private static final int OK = 200;
  private static final int BYTES_MAX = 4 << 20;
  private static final int TRACES_MAX = 4;
  private static final int SPANS_MAX = 1_000;

  private final String store;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(PATIENCE)
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();

  /**
   * @param store URL in front of {@code /api/v2}
   */
  public ZipkinTraces(String store) {
    this.store = store.endsWith("/") ? store.substring(0, store.length() - 1) : store;
  }

  @Override
  public List<Span> ofRequest(RequestId request) {
    String tag = Tracing.REQUEST.getKey() + "=" + request.value();
    URI url =
        URI.create(
            store
                + "/api/v2/traces?limit="
                + TRACES_MAX
                + "&annotationQuery="
                + URLEncoder.encode(tag, StandardCharsets.UTF_8));
    try {
      HttpResponse<byte[]> answer =
          http.send(
              HttpRequest.newBuilder(url).timeout(PATIENCE).build(),
              BodyHandlers.limiting(BodyHandlers.ofByteArray(), BYTES_MAX));
      if (answer.statusCode() != OK) {
        throw away();
      }
      return spans(JSON.readTree(answer.body()));
    } catch (IOException e) {
      throw away();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw away();
    }
  }

  private static RuntimeException away() {
    return Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "the store of traces does not answer")
        .asException();
  }

  private static List<Span> spans(JsonNode traces) {
    List<Span> spans = new ArrayList<>();
    for (JsonNode trace : traces) {
      for (JsonNode span : trace) {
        if (spans.size() == SPANS_MAX) {
          return spans;
        }
        spans.add(
            new Span(
                span.path("id").asText(),
                span.path("parentId").asText(),
                span.path("localEndpoint").path("serviceName").asText(),
                span.path("name").asText(),
                span.path("timestamp").asLong(),
                span.path("duration").asLong(),
                span.path("tags").has("error")));
      }
    }
    return spans;
  }

  @Override
  public void close() {
    http.close();
  }
}
