package dev.cofferdam.mesh.metrics;

import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.registry.otlp.OtlpConfig;
import io.micrometer.registry.otlp.OtlpMeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends a service's metrics to an OpenTelemetry collector, too (OTLP over HTTP in protobuf), where
 * {@code cofferdam.metrics.otlp.url} names one; nowhere by default. A collector that is away costs
 * the service nothing but the samples of that time.
 */
@ApplicationScoped
public class MetricsExport {
  private static final Logger LOG = LoggerFactory.getLogger(MetricsExport.class);

  private @Nullable OtlpMeterRegistry exporter;

  /** Bounds the tenants that metrics tell apart ({@code cofferdam.metrics.tenants-max}). */
  @Produces
  @Singleton
  MeterFilter tenantBound(
      @ConfigProperty(name = "cofferdam.metrics.tenants-max", defaultValue = "500")
          int tenantsMax) {
    return new TenantBound(tenantsMax);
  }

  void start(
      @Observes StartupEvent event,
      MeterRegistry registry,
      @ConfigProperty(name = "cofferdam.metrics.otlp.url") Optional<String> url,
      @ConfigProperty(name = "cofferdam.metrics.otlp.step", defaultValue = "PT15S") Duration step,
      @ConfigProperty(name = "quarkus.application.name") String service,
      @ConfigProperty(name = "quarkus.otel.resource.attributes") Optional<String> attributes) {
    if (url.isEmpty()) {
      return;
    }
    if (!(registry instanceof CompositeMeterRegistry all)) {
      throw new IllegalStateException("no composite registry that an exporter could join");
    }
    OtlpMeterRegistry joins =
        new OtlpMeterRegistry(config(url.get(), step, resource(service, attributes)), Clock.SYSTEM);
    all.add(joins);
    exporter = joins;
    LOG.info("metrics go to {} every {} s", url.get(), step.toSeconds());
  }

  void stop(@Observes ShutdownEvent event) {
    if (exporter != null) {
      exporter.close();
    }
  }

  /** What a collector is told of the process: its service, and what the traces say of it, too. */
  static Map<String, String> resource(String service, Optional<String> attributes) {
    Map<String, String> resource = new LinkedHashMap<>();
    resource.put("service.name", service);
    for (String pair : attributes.orElse("").split(",", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        resource.put(pair.substring(0, equals).strip(), pair.substring(equals + 1).strip());
      }
    }
    return resource;
  }

  static OtlpConfig config(String url, Duration step, Map<String, String> resource) {
    return new OtlpConfig() {
      @Override
      public @Nullable String get(String key) {
        return null;
      }

      @Override
      public String url() {
        return url;
      }

      @Override
      public Duration step() {
        return step;
      }

      @Override
      public Map<String, String> resourceAttributes() {
        return resource;
      }
    };
  }
}
