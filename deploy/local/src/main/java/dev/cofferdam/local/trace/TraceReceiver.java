package dev.cofferdam.local.trace;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/**
 * Receives spans as OTLP over HTTP in protobuf, on the loopback address, and tells a request's to
 * whoever asks as one asks Zipkin.
 */
public final class TraceReceiver implements Closeable {
  private static final int BODY_BYTES_MAX = 8 << 20;
  private static final Pattern ANNOTATION_QUERY =
      Pattern.compile(
          "(?:^|&)annotationQuery=cofferdam\\.request\\.id(?:=|%3D)([0-9a-f]{32})(?:&|$)");

  private final HttpServer server;
  private final ExecutorService executor;
  private final TraceFiles files;

  private TraceReceiver(HttpServer server, ExecutorService executor, TraceFiles files) {
    this.server = server;
    this.executor = executor;
    this.files = files;
  }

  /** Starts to receive on a port. */
  public static TraceReceiver start(int port, TraceFiles files) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 64);
    ExecutorService executor =
        Executors.newFixedThreadPool(2, Thread.ofPlatform().daemon().name("traces-", 0).factory());
    TraceReceiver receiver = new TraceReceiver(server, executor, files);
    server.setExecutor(executor);
    server.createContext("/v1/traces", receiver::receive);
    server.createContext("/api/v2/traces", receiver::tell);
    server.start();
    return receiver;
  }

  private void receive(HttpExchange exchange) throws IOException {
    try (exchange) {
      boolean zipped = "gzip".equals(exchange.getRequestHeaders().getFirst("Content-Encoding"));
      byte[] body;
      try (InputStream in =
          zipped ? new GZIPInputStream(exchange.getRequestBody()) : exchange.getRequestBody()) {
        body = in.readNBytes(BODY_BYTES_MAX + 1);
      }
      if (body.length > BODY_BYTES_MAX) {
        exchange.sendResponseHeaders(413, -1);
        return;
      }
      try {
        files.append(spans(ExportTraceServiceRequest.parseFrom(body)));
      } catch (com.google.protobuf.InvalidProtocolBufferException e) {
        exchange.sendResponseHeaders(400, -1);
        return;
      }
      byte[] answer = ExportTraceServiceResponse.getDefaultInstance().toByteArray();
      exchange.getResponseHeaders().set("Content-Type", "application/x-protobuf");
      exchange.sendResponseHeaders(200, answer.length == 0 ? -1 : answer.length);
    }
  }

  /** The traces of one request; other questions than for the tag that names it are refused. */
  private void tell(HttpExchange exchange) throws IOException {
    try (exchange) {
      String query = String.valueOf(exchange.getRequestURI().getRawQuery());
      Matcher asked = ANNOTATION_QUERY.matcher(query);
      if (!exchange.getRequestMethod().equals("GET") || !asked.find()) {
        exchange.sendResponseHeaders(400, -1);
        return;
      }
      byte[] answer = ZipkinJson.of(files.ofRequest(asked.group(1)));
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
    }
  }

  private static List<StoredSpan> spans(ExportTraceServiceRequest request) {
    List<StoredSpan> spans = new ArrayList<>();
    for (ResourceSpans resource : request.getResourceSpansList()) {
      Map<String, String> about = attributes(resource.getResource().getAttributesList());
      String service = about.getOrDefault("service.name", "?");
      String instance = about.getOrDefault("service.instance.id", "");
      String name = service.equals("worker") && instance.startsWith("worker") ? instance : service;
      for (ScopeSpans scope : resource.getScopeSpansList()) {
        for (Span span : scope.getSpansList()) {
          spans.add(stored(name, span));
        }
      }
    }
    return spans;
  }

  private static StoredSpan stored(String service, Span span) {
    return new StoredSpan(
        hex(span.getTraceId()),
        hex(span.getSpanId()),
        hex(span.getParentSpanId()),
        service,
        span.getName(),
        span.getStartTimeUnixNano(),
        span.getEndTimeUnixNano(),
        span.getStatus().getCode() == Status.StatusCode.STATUS_CODE_ERROR,
        attributes(span.getAttributesList()));
  }

  private static String hex(ByteString bytes) {
    return HexFormat.of().formatHex(bytes.toByteArray());
  }

  private static Map<String, String> attributes(List<KeyValue> list) {
    Map<String, String> attributes = new HashMap<>();
    for (KeyValue pair : list) {
      attributes.put(pair.getKey(), text(pair.getValue()));
    }
    return attributes;
  }

  private static String text(AnyValue value) {
    return switch (value.getValueCase()) {
      case STRING_VALUE -> value.getStringValue();
      case INT_VALUE -> String.valueOf(value.getIntValue());
      case DOUBLE_VALUE -> String.valueOf(value.getDoubleValue());
      case BOOL_VALUE -> String.valueOf(value.getBoolValue());
      default -> value.toString().replace('\n', ' ').strip();
    };
  }

  @Override
  public void close() {
    server.stop(0);
    executor.shutdownNow();
  }
}
