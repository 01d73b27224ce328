package dev.cofferdam.chart;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.TemplateCommand;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.yaml.snakeyaml.Yaml;

/** The objects that Helm makes of the chart. */
record Rendered(List<Map<String, Object>> objects) {
  static final Path CHART = Path.of("").toAbsolutePath();
  static final Path REPOSITORY = CHART.resolve("../..").normalize();

  /** Everything that can be switched on. */
  static final String EVERYTHING =
      """
      identity: {createAuthority: true, operators: [ann]}
      traces: {endpoint: "http://collector.observability.svc:4318"}
      route: {enabled: true}
      network:
        operators: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: operators}}}]
        clients: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: gateway-system}}}]
        readers: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: finops}}}]
        https: [10.1.0.0/16]
        apiServer: [10.2.0.1/32, 10.2.0.2/32]
      scheduler: {leases: kubernetes, leaseSeconds: 4}
      gateway: {databaseUrl: "jdbc:postgresql://postgres-rw.postgres.svc:5432/gateway"}
      images: {pullSecrets: [registry], digests: {worker: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}}
      pools:
        shared: {models: [support-desk]}
        mig: {models: [a, b], executor: cuda, gpu: {resource: nvidia.com/mig-3g.40gb}, autoscaling: {kind: hpa}}
        claims: {models: [a], executor: cuda, gpu: {deviceClass: gpu.nvidia.com}, preemptible: true,
                 autoscaling: {kind: none}, nodeSelector: {zone: a},
                 settings: {cofferdam.worker.slots: 64}}
      """;

  static Rendered with(String values) {
    try {
      Path file = Files.createTempFile("values", ".yaml");
      try {
        Files.writeString(file, values);
        TemplateCommand command =
            new Helm(CHART)
                .template()
                .withName("cofferdam")
                .withNamespace("cofferdam")
                .withKubeVersion("1.34.0");
        return new Rendered(parse(command.withValuesFile(file).call()));
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static List<Map<String, Object>> parse(String text) {
    List<Map<String, Object>> objects = new ArrayList<>();
    for (Object document : new Yaml().loadAll(text)) {
      if (document != null) {
        objects.add(map(document));
      }
    }
    return objects;
  }

  List<Map<String, Object>> of(String kind) {
    return objects.stream().filter(o -> o.get("kind").equals(kind)).toList();
  }

  Map<String, Object> of(String kind, String name) {
    return of(kind).stream()
        .filter(o -> name(o).equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + kind + " " + name));
  }

  /** The settings of a ConfigMap. */
  static Map<String, String> settings(Map<String, Object> configMap) {
    Properties properties = new Properties();
    try {
      properties.load(
          new StringReader(
              String.valueOf(map(configMap.get("data")).get("application.properties"))));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    Map<String, String> settings = new TreeMap<>();
    properties.forEach((name, value) -> settings.put((String) name, (String) value));
    return settings;
  }

  static String name(Map<String, Object> object) {
    return String.valueOf(map(object.get("metadata")).get("name"));
  }

  /** The spec of a stateful set's pods. */
  static Map<String, Object> pod(Map<String, Object> set) {
    return map(map(map(set.get("spec")).get("template")).get("spec"));
  }

  @SuppressWarnings("unchecked")
  static Map<String, Object> map(Object value) {
    return value == null ? new LinkedHashMap<>() : (Map<String, Object>) value;
  }

  @SuppressWarnings("unchecked")
  static List<Object> list(Object value) {
    return value == null ? List.of() : (List<Object>) value;
  }
}
