package dev.cofferdam.mesh.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.Clock;
import io.micrometer.registry.otlp.OtlpMeterRegistry;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class MetricsExportTest {
  @Test
  void aCollectorGetsMetricsAndWhoseTheyAre() throws Exception {
    BlockingQueue<ExportMetricsServiceRequest> received = new LinkedBlockingQueue<>();
    HttpServer collector = collector(received);
    try {
      OtlpMeterRegistry registry =
          new OtlpMeterRegistry(
              MetricsExport.config(
                  "http://127.0.0.1:" + collector.getAddress().getPort() + "/v1/metrics",
                  Duration.ofHours(1),
                  MetricsExport.resource("worker", Optional.of("service.instance.id=worker-3"))),
              Clock.SYSTEM);
      registry.counter("tenant.requests", "tenant", "acme").increment(7);
      registry.close();

      ExportMetricsServiceRequest request = received.poll(30, TimeUnit.SECONDS);
      assertThat(request).isNotNull();
      ResourceMetrics metrics = request.getResourceMetrics(0);
      assertThat(metrics.getResource().getAttributesList())
          .extracting(a -> a.getKey() + "=" + a.getValue().getStringValue())
          .contains("service.name=worker", "service.instance.id=worker-3");
      List<Metric> all = metrics.getScopeMetrics(0).getMetricsList();
      assertThat(all).extracting(Metric::getName).containsExactly("tenant.requests");
      assertThat(all.getFirst().getSum().getDataPoints(0).getAsDouble()).isEqualTo(7);
    } finally {
      collector.stop(0);
    }
  }

  @Test
  void whatIsNoPairIsNoAttribute() {
    assertThat(MetricsExport.resource("audit", Optional.of("zone=a, ,x,=y")))
        .isEqualTo(Map.of("service.name", "audit", "zone", "a"));
  }

  private static HttpServer collector(BlockingQueue<ExportMetricsServiceRequest> received)
      throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 4);
    server.createContext(
        "/v1/metrics",
        exchange -> {
          try (exchange) {
            received.add(
                ExportMetricsServiceRequest.parseFrom(exchange.getRequestBody().readAllBytes()));
            exchange.sendResponseHeaders(200, -1);
          }
        });
    server.start();
    return server;
  }
}
