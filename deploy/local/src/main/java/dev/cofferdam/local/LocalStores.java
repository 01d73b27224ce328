package dev.cofferdam.local;

import dev.cofferdam.local.kafka.KafkaBroker;
import dev.cofferdam.local.pki.LocalAuthority;
import dev.cofferdam.local.postgres.PostgresServer;
import dev.cofferdam.local.process.ProcessSpec;
import dev.cofferdam.local.process.Readiness;
import dev.cofferdam.local.process.Secrets;
import dev.cofferdam.local.redis.RedisServer;
import dev.cofferdam.local.services.Launch;
import dev.cofferdam.local.services.ServicePrograms;
import dev.cofferdam.local.services.ServiceSettings;
import dev.cofferdam.mesh.TlsFiles;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Kafka, Redis and PostgreSQL of a mesh, and where services find them. */
final class LocalStores {
  /** Names of their processes. */
  static final List<String> NAMES = List.of("kafka", "redis", "postgres");

  private final LocalOptions options;
  private final StateFiles files;
  private final TlsFiles operator;
  private final Secrets secrets;
  private final Map<String, Integer> ports;
  private final KafkaBroker kafka;

  LocalStores(
      LocalOptions options,
      StateFiles files,
      TlsFiles operator,
      TlsFiles broker,
      Secrets secrets,
      Map<String, Integer> ports) {
    this.options = options;
    this.files = files;
    this.operator = operator;
    this.secrets = secrets;
    this.ports = ports;
    this.kafka =
        new KafkaBroker(
            files.folder().resolve("kafka"), port("kafka"), port("kafka-controller"), broker);
  }

  /**
   * A store.
   *
   * @param name for people
   * @param process how its process is started
   * @param readiness whether it answers
   * @param setUp makes what services need in it, and says a few words about it
   */
  record Store(String name, ProcessSpec process, Readiness readiness, Supplier<String> setUp) {}

  /** Prepares a store of {@link #NAMES}: its programs, its folder, its settings. */
  Store prepare(String name) {
    return switch (name) {
      case "kafka" -> kafka();
      case "redis" -> redis();
      case "postgres" -> postgres();
      default -> throw new IllegalArgumentException("no store is named " + name);
    };
  }

  private Store kafka() {
    return new Store(
        "kafka",
        kafka.process(
            Path.of(System.getProperty("java.home"), "bin", "java"),
            System.getProperty("java.class.path"),
            cacheOfKafka(),
            files.log("kafka")),
        kafka.readiness(operator),
        () -> {
          int created = kafka.createTopics(operator);
          return "mutual TLS on "
              + kafka.bootstrap()
              + (created > 0 ? ", " + created + " topics made" : "");
        });
  }

  /**
   * The broker's AOT cache lies beside the launcher's jar, the first of its class path, and is made
   * when the broker of a training run ends.
   */
  private List<String> cacheOfKafka() {
    Path launcher = Path.of(System.getProperty("java.class.path").split(File.pathSeparator, 2)[0]);
    Path cache = launcher.resolveSibling("kafka.aot");
    if (options.launch() == Launch.RECORDING) {
      return List.of("-XX:AOTCacheOutput=" + cache);
    }
    boolean usable = options.launch() != Launch.JVM && Files.exists(cache);
    return usable ? ServicePrograms.cached(cache) : List.of();
  }

  private Store redis() {
    RedisServer redis =
        new RedisServer(
            files.folder().resolve("redis"),
            options.binaries(),
            port("redis"),
            secrets.text("redis"),
            options.redis());
    return new Store(
        "redis",
        redis.process(files.log("redis")),
        redis.readiness(),
        () -> redis.origin() + " on 127.0.0.1:" + port("redis"));
  }

  private Store postgres() {
    Map<String, String> passwords = new HashMap<>();
    PostgresServer.USERS.forEach(name -> passwords.put(name, secrets.text("postgres-" + name)));
    PostgresServer postgres =
        new PostgresServer(
            files.folder().resolve("postgres"),
            options.binaries(),
            port("postgres"),
            secrets.text("postgres"),
            passwords);
    return new Store(
        "postgresql",
        postgres.process(files.log("postgres")),
        postgres.readiness(),
        () -> {
          postgres.createDatabases();
          return "durable, on 127.0.0.1:" + port("postgres");
        });
  }

  /** What services are told; the stores need not run yet. */
  ServiceSettings settings() {
    return new ServiceSettings(
        options.repository(),
        options.models(),
        options::modelsOfWorker,
        files.folder(),
        LocalAuthority.TRUST_DOMAIN,
        ports,
        secrets,
        kafka.clientProperties(),
        RedisServer.url(port("redis"), secrets.text("redis")),
        database -> PostgresServer.jdbcUrl(port("postgres"), database),
        options.settings());
  }

  private int port(String name) {
    Integer port = ports.get(name);
    if (port == null) {
      throw new IllegalArgumentException("no port is named " + name);
    }
    return port;
  }
}
