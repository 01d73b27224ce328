package dev.cofferdam.mesh.kafka;

import dev.cofferdam.mesh.TlsFiles;
import java.util.HashMap;
import java.util.Map;

/**
 * How Kafka is reached.
 *
 * @param properties client properties that producers and consumers share: {@code
 *     bootstrap.servers}, {@code security.*}, {@code ssl.*}
 */
public record KafkaSettings(Map<String, String> properties) {

  /**
   * @throws IllegalArgumentException without {@code bootstrap.servers}
   */
  public KafkaSettings {
    properties = Map.copyOf(properties);
    if (properties.getOrDefault("bootstrap.servers", "").isBlank()) {
      throw new IllegalArgumentException("kafka properties: bootstrap.servers is missing");
    }
  }

  /**
   * The properties of a process of the mesh: with {@code security.protocol} SSL and no word about
   * whose certificate, it is the process's own.
   */
  public static KafkaSettings of(Map<String, String> properties, TlsFiles identity) {
    Map<String, String> all = new HashMap<>(properties);
    if ("SSL".equals(properties.get("security.protocol"))
        && properties.keySet().stream().noneMatch(name -> name.startsWith("ssl."))) {
      all.putAll(IdentityEngines.properties(identity));
    }
    return new KafkaSettings(all);
  }

  /** These properties and further ones, which win. */
  public Map<String, Object> with(Map<String, Object> more) {
    Map<String, Object> all = new HashMap<>(properties);
    // A broker that comes back is found within a second.
    all.putIfAbsent("reconnect.backoff.ms", "100");
    all.putIfAbsent("reconnect.backoff.max.ms", "1000");
    all.putIfAbsent("retry.backoff.max.ms", "1000");
    all.putIfAbsent("metric.reporters", "");
    all.putAll(more);
    return all;
  }
}
