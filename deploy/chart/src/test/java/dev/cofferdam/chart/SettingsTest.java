package dev.cofferdam.chart;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.audit.app.AuditConfig;
import dev.cofferdam.gateway.app.GatewayConfig;
import dev.cofferdam.metering.app.MeteringConfig;
import dev.cofferdam.router.app.RouterConfig;
import dev.cofferdam.scheduler.app.SchedulerConfig;
import dev.cofferdam.worker.app.WorkerConfig;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Every setting that the chart passes is one of the service's, with a value that it takes. */
class SettingsTest {
  private static final Map<String, Class<?>> CONFIGURATIONS =
      Map.of(
          "gateway", GatewayConfig.class,
          "router", RouterConfig.class,
          "scheduler", SchedulerConfig.class,
          "metering", MeteringConfig.class,
          "audit", AuditConfig.class,
          "worker", WorkerConfig.class);

  /** Of quarkus-opentelemetry, documented as fixed at run time. */
  private static final Set<String> DOCUMENTED = Set.of("quarkus.otel.sdk.disabled");

  @Test
  void servicesTakeAllOfTheirSettings() throws Exception {
    String launcher =
        Files.readString(
            Rendered.REPOSITORY.resolve(
                "deploy/local/src/main/java/dev/cofferdam/local/services/ServiceSettings.java"));
    int checked = 0;
    for (String values : new String[] {"{}", Rendered.EVERYTHING}) {
      for (Map<String, Object> map : Rendered.with(values).of("ConfigMap")) {
        String service = Rendered.name(map).replaceFirst("cofferdam-([a-z]+).*", "$1");
        Map<String, String> settings = Rendered.settings(map);
        take(service, settings);
        settings.keySet().stream()
            .filter(name -> name.startsWith("quarkus.") && !DOCUMENTED.contains(name))
            .forEach(name -> assertThat(launcher).contains('"' + name + '"'));
        checked++;
      }
    }
    assertThat(checked).isEqualTo(6 + 8);
  }

  @Test
  void aSettingThatAServiceDoesNotHaveIsSeen() {
    Map<String, String> settings =
        Rendered.settings(Rendered.with("{}").of("ConfigMap", "cofferdam-worker-shared"));
    settings.put("cofferdam.worker.slot", "32");

    assertThatThrownBy(() -> take("worker", settings))
        .hasMessageContaining("cofferdam.worker.slot");
  }

  private static void take(String service, Map<String, String> settings) {
    Map<String, String> all = new HashMap<>(settings);
    all.putAll(Map.of("POD_NAME", "pod-0", "POD_IP", "10.0.0.1"));
    new SmallRyeConfigBuilder()
        .addDefaultInterceptors()
        .withConverter(Path.class, 100, Path::of)
        .withSources(new PropertiesConfigSource(all, "chart", 100))
        .withMapping(CONFIGURATIONS.get(service))
        .build()
        .getConfigMapping(CONFIGURATIONS.get(service));
  }
}
