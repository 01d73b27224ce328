package dev.cofferdam.local.services;

import dev.cofferdam.local.postgres.PostgresServer;
import dev.cofferdam.local.process.Secrets;
import dev.cofferdam.mesh.TlsFiles;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.Collectors;

/**
 * The settings of each service's process, as configuration properties.
 *
 * @param repository root of the checkout
 * @param models folder of the models
 * @param modelsOfWorker models of a worker by its number; none for the sample
 * @param state folder of the mesh's state
 * @param trustDomain of all identities
 * @param ports chosen ports by name
 * @param secrets secrets of this mesh
 * @param kafka what clients set, beside their identity
 * @param redisUrl address with password
 * @param jdbcUrl address of a database
 * @param further settings of a process by its name, which replace its own
 */
public record ServiceSettings(
    Path repository,
    Path models,
    IntFunction<List<String>> modelsOfWorker,
    Path state,
    String trustDomain,
    Map<String, Integer> ports,
    Secrets secrets,
    Map<String, String> kafka,
    String redisUrl,
    Function<String, String> jdbcUrl,
    Map<String, Map<String, String>> further) {

  private static final String HOST = "127.0.0.1";
  private static final String SAMPLE = "support-desk";

  /** More than one model of the sample's size and its KV memory take, and less than two. */
  private static final String ONE_MODEL_BYTES = "100000000";

  public ServiceSettings {
    ports = Map.copyOf(ports);
  }

  /** The properties of a process. */
  public Map<String, String> of(String process, TlsFiles identity) {
    ServiceKind kind = ServiceKind.ofProcess(process);
    Map<String, String> p = common(process, identity);
    switch (kind) {
      case SCHEDULER -> {
        p.putAll(management(process));
        p.put("cofferdam.lease.redis-url", redisUrl);
      }
      case ROUTER -> {
        p.putAll(management(process));
        p.put("cofferdam.scheduler.endpoint", schedulers());
        p.put("cofferdam.gateway.endpoints", HOST + ":" + port("grpc"));
      }
      case WORKER -> {
        p.putAll(management(process));
        p.putAll(worker(process));
      }
      case METERING, AUDIT -> {
        p.putAll(management(process));
        p.putAll(database(kind.label(), kind.label()));
        p.put("cofferdam.web.port", String.valueOf(port(kind.label() + "-web")));
      }
      case GATEWAY -> p.putAll(gatewaysOwn());
    }
    p.putAll(further.getOrDefault(process, Map.of()));
    return p;
  }

  private Map<String, String> common(String process, TlsFiles identity) {
    Map<String, String> p = new LinkedHashMap<>();
    p.put("cofferdam.trust-domain", trustDomain);
    p.put("cofferdam.tls.certificate", identity.certificate().toString());
    p.put("cofferdam.tls.key", identity.key().toString());
    p.put("cofferdam.tls.trust", identity.trust().toString());
    p.put("cofferdam.listen.host", HOST);
    p.put(
        "cofferdam.listen.port",
        String.valueOf(port(process.equals("gateway") ? "grpc" : process)));
    p.put("cofferdam.state-dir", state.resolve("state").resolve(process).toString());
    kafka.forEach((name, value) -> p.put("cofferdam.kafka.properties.\"" + name + "\"", value));
    p.put("quarkus.otel.exporter.otlp.endpoint", "http://" + HOST + ":" + port("traces"));
    p.put("quarkus.otel.exporter.otlp.protocol", "http/protobuf");
    p.put("quarkus.otel.bsp.schedule.delay", "500ms");
    p.put("quarkus.otel.resource.attributes", "service.instance.id=" + process);
    p.put("quarkus.log.category.\"io.smallrye.health\".level", "ERROR");
    p.put("quarkus.shutdown.timeout", "3s");
    return p;
  }

  private Map<String, String> management(String process) {
    return Map.of(
        "quarkus.http.host", HOST, "quarkus.http.port", String.valueOf(port(process + "-http")));
  }

  private Map<String, String> database(String name, String user) {
    return Map.of(
        "quarkus.datasource.jdbc.url", jdbcUrl.apply(name),
        "quarkus.datasource.username", user,
        "quarkus.datasource.password", secrets.text("postgres-" + user));
  }

  private Map<String, String> worker(String process) {
    Map<String, String> p = new LinkedHashMap<>();
    p.put("cofferdam.worker.id", process);
    p.put("cofferdam.worker.pool", "shared");
    p.put("cofferdam.worker.models-root", models.toString());
    p.put("cofferdam.worker.adapters-root", adapters());
    List<String> several =
        modelsOfWorker.apply(Integer.parseInt(process.substring("worker-".length())));
    if (several.isEmpty()) {
      p.put("cofferdam.worker.model", SAMPLE);
      Path prefixes = repository.resolve("models/public-prefixes");
      p.put("cofferdam.worker.public-prefixes", prefixes.resolve(SAMPLE + ".json").toString());
      p.put("cofferdam.worker.public-prefix-key", prefixes.resolve("key.pem").toString());
    } else {
      p.put("cofferdam.worker.models", String.join(",", several));
      p.put("cofferdam.worker.models-bytes-max", ONE_MODEL_BYTES);
    }
    // The model is too small for more, and whoever passes its tokens on needs a processor, too.
    p.put("cofferdam.worker.threads", "1");
    p.put("cofferdam.worker.router-endpoints", address("router"));
    p.put("cofferdam.worker.scheduler-endpoint", schedulers());
    return p;
  }

  private Map<String, String> gatewaysOwn() {
    Map<String, String> p = new LinkedHashMap<>();
    p.put("cofferdam.router.endpoints", address("router"));
    p.put("cofferdam.models.root", models.toString());
    p.put("cofferdam.adapters.root", adapters());
    p.put("cofferdam.prefix.secret-file", secrets.file("prefix").toString());
    p.put("cofferdam.responses.secret-file", secrets.file("responses").toString());
    p.put("cofferdam.transcripts.secret-file", secrets.file("transcripts").toString());
    p.put("cofferdam.audit.hmac-secret-file", secrets.file("audit-hmac").toString());
    p.put("cofferdam.batches.secret-file", secrets.file("batches").toString());
    p.put("quarkus.redis.hosts", redisUrl);
    p.putAll(database("gateway", PostgresServer.GATEWAY_SERVING));
    p.put("quarkus.flyway.username", "gateway");
    p.put("quarkus.flyway.password", secrets.text("postgres-gateway"));
    p.put("cofferdam.console.port", String.valueOf(port("console")));
    p.put("cofferdam.console.metering", address("metering"));
    p.put("cofferdam.console.audit", address("audit"));
    p.put("cofferdam.console.trace-store", "http://" + HOST + ":" + port("traces"));
    p.put("cofferdam.rest.host", HOST);
    p.put("cofferdam.rest.port", String.valueOf(port("rest")));
    p.put("quarkus.management.enabled", "true");
    p.put("quarkus.management.host", HOST);
    p.put("quarkus.management.port", String.valueOf(port("gateway-http")));
    return p;
  }

  private String adapters() {
    return repository.resolve("models/adapters").toString();
  }

  private String schedulers() {
    return ServiceKind.processes(0).stream()
        .filter(process -> ServiceKind.ofProcess(process) == ServiceKind.SCHEDULER)
        .map(this::address)
        .collect(Collectors.joining(","));
  }

  private String address(String process) {
    return HOST + ":" + port(process);
  }

  private int port(String name) {
    Integer port = ports.get(name);
    if (port == null) {
      throw new IllegalArgumentException("no port for " + name);
    }
    return port;
  }
}
