package dev.cofferdam.local.compose;

import dev.cofferdam.local.pki.LocalAuthority;
import dev.cofferdam.local.postgres.PostgresServer;
import dev.cofferdam.local.process.Secrets;
import dev.cofferdam.local.services.ServiceKind;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The settings of each service's container, as configuration properties. A process is reached by
 * its name, at the ports that images expose; what it is given lies in {@link #GIVEN}, what it keeps
 * in {@link #KEPT}.
 *
 * @param secrets of this mesh
 */
record ContainerSettings(Secrets secrets) {
  /** Folder of settings, identity and secrets; read-only. */
  static final String GIVEN = "/etc/cofferdam";

  private static final TlsFiles IDENTITY =
      new TlsFiles(Path.of(GIVEN, "tls.crt"), Path.of(GIVEN, "tls.key"), Path.of(GIVEN, "ca.crt"));

  /** Folder of spools, snapshots and keys. */
  static final String KEPT = "/var/lib/cofferdam";

  /** Workers of the file. */
  static final int WORKERS = 2;

  /** Secrets of 32 random bytes of the gateway, as files. */
  static final List<String> GATEWAY_SECRETS =
      List.of("prefix", "responses", "transcripts", "audit-hmac", "batches");

  private static final String ANY = "0.0.0.0";
  private static final int GRPC = 9443;
  private static final int HTTP = 9000;
  private static final int HTTPS = 8443;
  private static final int CONSOLE = 8444;
  private static final String SAMPLE = "support-desk";

  /** The properties of a process. */
  Map<String, String> of(String process) {
    ServiceKind kind = ServiceKind.ofProcess(process);
    Map<String, String> p = common();
    switch (kind) {
      case SCHEDULER -> p.put("cofferdam.lease.redis-url", redisUrl());
      case ROUTER -> {
        p.put("cofferdam.scheduler.endpoint", schedulers());
        p.put("cofferdam.gateway.endpoints", address("gateway"));
      }
      case WORKER -> p.putAll(worker(process));
      case METERING, AUDIT -> {
        p.putAll(database(kind.label(), kind.label()));
        p.put("cofferdam.web.host", ANY);
        p.put("cofferdam.web.port", String.valueOf(HTTPS));
      }
      case GATEWAY -> p.putAll(gateway());
    }
    String http = kind == ServiceKind.GATEWAY ? "quarkus.management" : "quarkus.http";
    p.put(http + ".host", ANY);
    p.put(http + ".port", String.valueOf(HTTP));
    return p;
  }

  private static Map<String, String> common() {
    Map<String, String> p = new LinkedHashMap<>();
    p.put("cofferdam.trust-domain", LocalAuthority.TRUST_DOMAIN);
    p.put("cofferdam.tls.certificate", IDENTITY.certificate().toString());
    p.put("cofferdam.tls.key", IDENTITY.key().toString());
    p.put("cofferdam.tls.trust", IDENTITY.trust().toString());
    p.put("cofferdam.listen.host", ANY);
    p.put("cofferdam.listen.port", String.valueOf(GRPC));
    p.put("cofferdam.state-dir", KEPT);
    kafka().forEach((name, value) -> p.put("cofferdam.kafka.properties.\"" + name + "\"", value));
    p.put("quarkus.otel.sdk.disabled", "true");
    return p;
  }

  /** What a client of Kafka sets that is not one of the services. */
  static Map<String, String> kafkaAsOperator() {
    return KafkaSettings.of(kafka(), IDENTITY).properties();
  }

  private static Map<String, String> kafka() {
    return Map.of("bootstrap.servers", "kafka:9092", "security.protocol", "SSL");
  }

  private String redisUrl() {
    return "redis://:" + secrets.text("redis") + "@redis:6379";
  }

  private Map<String, String> database(String name, String user) {
    return Map.of(
        "quarkus.datasource.jdbc.url",
        "jdbc:postgresql://postgres:5432/" + name,
        "quarkus.datasource.username",
        user,
        "quarkus.datasource.password",
        secrets.text("postgres-" + user));
  }

  private static Map<String, String> worker(String process) {
    Map<String, String> p = new LinkedHashMap<>();
    p.put("cofferdam.worker.id", process);
    p.put("cofferdam.worker.pool", "shared");
    p.put("cofferdam.worker.advertised-endpoint", address(process));
    p.put("cofferdam.worker.models-root", "/models");
    p.put("cofferdam.worker.adapters-root", "/models/adapters");
    p.put("cofferdam.worker.model", SAMPLE);
    p.put("cofferdam.worker.public-prefixes", "/models/public-prefixes/" + SAMPLE + ".json");
    p.put("cofferdam.worker.public-prefix-key", "/models/public-prefixes/key.pem");
    p.put("cofferdam.worker.threads", "1");
    p.put("cofferdam.worker.router-endpoints", address("router"));
    p.put("cofferdam.worker.scheduler-endpoint", schedulers());
    return p;
  }

  private Map<String, String> gateway() {
    Map<String, String> p = new LinkedHashMap<>();
    p.put("cofferdam.router.endpoints", address("router"));
    p.put("cofferdam.models.root", "/models");
    p.put("cofferdam.adapters.root", "/models/adapters");
    p.put("cofferdam.audit.hmac-secret-file", GIVEN + "/audit-hmac");
    for (String secret : List.of("prefix", "responses", "transcripts", "batches")) {
      p.put("cofferdam." + secret + ".secret-file", GIVEN + "/" + secret);
    }
    p.put("quarkus.redis.hosts", redisUrl());
    p.putAll(database("gateway", PostgresServer.GATEWAY_SERVING));
    p.put("quarkus.flyway.username", "gateway");
    p.put("quarkus.flyway.password", secrets.text("postgres-gateway"));
    p.put("cofferdam.rest.host", ANY);
    p.put("cofferdam.rest.port", String.valueOf(HTTPS));
    p.put("cofferdam.console.host", ANY);
    p.put("cofferdam.console.port", String.valueOf(CONSOLE));
    p.put("cofferdam.console.metering", address("metering"));
    p.put("cofferdam.console.audit", address("audit"));
    return p;
  }

  private static String schedulers() {
    return ServiceKind.processes(0).stream()
        .filter(process -> ServiceKind.ofProcess(process) == ServiceKind.SCHEDULER)
        .map(ContainerSettings::address)
        .collect(Collectors.joining(","));
  }

  private static String address(String process) {
    return process + ":" + GRPC;
  }
}
