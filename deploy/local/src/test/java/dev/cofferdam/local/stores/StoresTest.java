package dev.cofferdam.local.stores;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.local.kafka.KafkaBroker;
import dev.cofferdam.local.pki.LocalAuthority;
import dev.cofferdam.local.postgres.PostgresServer;
import dev.cofferdam.local.process.Component;
import dev.cofferdam.local.process.Ports;
import dev.cofferdam.local.process.ProcessSpec;
import dev.cofferdam.local.process.Readiness;
import dev.cofferdam.local.redis.RedisServer;
import dev.cofferdam.mesh.JdkTls;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.kafka.ConfigFeed;
import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.mesh.kafka.ConfigWriter;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.SpoolFullException;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.wire.Events;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLSocket;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real Kafka, Redis and PostgreSQL, and what the mesh promises about them. */
class StoresTest {
  private static final String TYPE = "dev.cofferdam.test.v1";

  @TempDir Path folder;
  private final List<Component> started = new ArrayList<>();
  private LocalAuthority authority;
  private Map<String, Integer> ports;

  @BeforeEach
  void prepare() {
    authority = LocalAuthority.open(folder.resolve("pki"));
    ports =
        Ports.choose(
            List.of("kafka", "controller", "redis", "postgres"), Map.of(), Map.of(), new Random());
  }

  /** Of a client by its role, such as "worker". */
  private TlsFiles identity(String client) {
    SpiffeId.Role role = SpiffeId.Role.valueOf(client.toUpperCase(Locale.ROOT));
    String instance =
        switch (role) {
          case OPERATOR -> "local";
          case TENANT -> "acme";
          case WORKER -> "worker-1";
          default -> "";
        };
    return authority.identity(client, new SpiffeId(LocalAuthority.TRUST_DOMAIN, role, instance));
  }

  @AfterEach
  void stop() {
    started.forEach(Component::stop);
  }

  private Component start(ProcessSpec spec, Readiness readiness) {
    Component component = new Component(spec, readiness, 60_000, line -> {}, () -> {});
    started.add(component);
    component.start();
    component.awaitReady();
    return component;
  }

  private KafkaBroker broker() {
    return new KafkaBroker(
        folder.resolve("kafka"),
        ports.get("kafka"),
        ports.get("controller"),
        authority.server("kafka"));
  }

  private Component startKafka(KafkaBroker broker) {
    Component kafka =
        start(
            broker.process(
                Path.of(System.getProperty("java.home"), "bin", "java"),
                System.getProperty("java.class.path"),
                List.of(),
                folder.resolve("kafka.log")),
            broker.readiness(identity("operator")));
    broker.createTopics(identity("operator"));
    return kafka;
  }

  private KafkaSettings settings(KafkaBroker broker, String client) {
    return broker.client(identity(client));
  }

  private static Pool pool(String id) {
    return Pool.newBuilder().setId(id).build();
  }

  private static void until(String what, BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("gave up waiting for " + what).isLessThan(deadline);
      Thread.sleep(50);
    }
  }

  private Set<String> read(KafkaBroker broker, int wanted) {
    Map<String, Object> properties = new HashMap<>(settings(broker, "metering").properties());
    properties.put("auto.offset.reset", "earliest");
    Set<String> ids = new HashSet<>();
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        partitions.add(new TopicPartition(Topics.USAGE, i));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (ids.size() < wanted && System.nanoTime() < deadline) {
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          ids.add(Events.parse(record.value(), Pool.parser(), Pool.class).id());
        }
      }
    }
    return ids;
  }

  @Test
  void factsOutliveKafkasAbsenceAndACrashOfTheirPublisher() throws Exception {
    KafkaBroker broker = broker();
    Path spool = folder.resolve("spool");
    Set<String> published = new HashSet<>();
    try (FactPublisher publisher =
        FactPublisher.open(settings(broker, "worker"), "worker", spool, 1 << 20)) {
      for (int i = 0; i < 100; i++) {
        publisher.publish(Topics.USAGE, "tenant", "before:" + i, TYPE, pool("p"));
        published.add("before:" + i);
      }
      assertThat(publisher.backlogBytes()).isPositive();
    }

    Component kafka = startKafka(broker);
    try (FactPublisher publisher =
        FactPublisher.open(settings(broker, "worker"), "worker", spool, 1 << 20)) {
      until("the backlog to be sent", () -> publisher.backlogBytes() == 0);
      kafka.stop();
      for (int i = 0; i < 100; i++) {
        publisher.publish(Topics.USAGE, "tenant", "away:" + i, TYPE, pool("p"));
        published.add("away:" + i);
      }
      kafka.start();
      kafka.awaitReady();
      until("the backlog to be sent", () -> publisher.backlogBytes() == 0);
    }
    assertThat(read(broker, published.size())).isEqualTo(published);
  }

  @Test
  void aPublisherWithoutKafkaRefusesAtItsBoundAndSaysSoBefore() {
    try (FactPublisher publisher =
        FactPublisher.open(
            settings(broker(), "worker"), "worker", folder.resolve("spool"), 64 << 10)) {
      assertThat(publisher.accepting()).isTrue();
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 10_000; i++) {
                  publisher.publish(Topics.USAGE, "tenant", "id:" + i, TYPE, pool("p"));
                }
              })
          .isInstanceOf(SpoolFullException.class);
      assertThat(publisher.accepting()).isFalse();
      assertThat(publisher.backlogBytes()).isLessThanOrEqualTo(64 << 10);
    }
  }

  @Test
  void aViewFollowsItsTopicSurvivesKafkasAbsenceAndStartsFromItsSnapshot() throws Exception {
    KafkaBroker broker = broker();
    Component kafka = startKafka(broker);
    ConfigFeed.Builder building = feed(broker, "config");
    ConfigView<Pool> view = building.view(Topics.POOLS, Pool.parser());
    try (ConfigFeed feed = building.start();
        ConfigWriter writer = ConfigWriter.open(settings(broker, "gateway"), "gateway", feed)) {
      until("the view", feed::caughtUp);
      put(writer, "a", pool("a"));
      put(writer, "b", pool("b"));
      assertThat(view.snapshot()).hasSize(2);
      put(writer, "a", null);
      assertThat(view.get("a")).isEmpty();

      kafka.stop();
      assertThat(view.get("b")).isPresent();
      assertThatThrownBy(() -> put(writer, "c", pool("c"))).isInstanceOf(RefusedException.class);
      ConfigFeed.Builder blank = feed(broker, "blank");
      blank.view(Topics.POOLS, Pool.parser());
      try (ConfigFeed restarted = blank.start()) {
        assertThat(restarted.caughtUp()).isFalse();
      }
      kafka.start();
      kafka.awaitReady();
      until("a change after Kafka's return", () -> changed(writer, "d"));
      assertThat(view.get("d")).isPresent();
    }
    kafka.stop();
    ConfigFeed.Builder again = feed(broker, "config");
    ConfigView<Pool> kept = again.view(Topics.POOLS, Pool.parser());
    try (ConfigFeed feed = again.start()) {
      assertThat(kept.snapshot().keySet()).contains("b", "d").doesNotContain("a");
      until("the view to serve from its snapshot", feed::caughtUp);
    }
  }

  private ConfigFeed.Builder feed(KafkaBroker broker, String snapshots) {
    return ConfigFeed.of(settings(broker, "gateway"), folder.resolve(snapshots));
  }

  private static void put(ConfigWriter writer, String key, @Nullable Pool pool) {
    Object unused =
        writer.change(
            change -> {
              change.put(Topics.POOLS, key, pool);
              return key;
            });
  }

  private static boolean changed(ConfigWriter writer, String key) {
    try {
      put(writer, key, pool(key));
      return true;
    } catch (RefusedException e) {
      return false;
    }
  }

  @Test
  void kafkaTakesNoClientWithoutACertificate() {
    KafkaBroker broker = broker();
    startKafka(broker);
    Map<String, Object> properties = new HashMap<>(broker.clientProperties());
    properties.put("ssl.truststore.type", "PEM");
    properties.put("ssl.truststore.location", authority.trust().toString());
    properties.put("default.api.timeout.ms", "5000");
    properties.put("request.timeout.ms", "5000");
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer())) {
      assertThatThrownBy(() -> consumer.partitionsFor(Topics.USAGE))
          .isInstanceOf(org.apache.kafka.common.errors.SslAuthenticationException.class);
    }
  }

  @Test
  void kafkaShowsTheCertificateThatItsFilesHold() throws Exception {
    startKafka(broker());
    Certificate first = shownByKafka();
    Files.delete(authority.server("kafka").key());
    authority.server("kafka");
    until("the new certificate", () -> !shownByKafka().equals(first));
  }

  private Certificate shownByKafka() {
    try (JdkTls tls = JdkTls.clientByHostName(identity("metering"));
        SSLSocket socket =
            (SSLSocket)
                tls.context().getSocketFactory().createSocket("127.0.0.1", ports.get("kafka"))) {
      socket.startHandshake();
      return socket.getSession().getPeerCertificates()[0];
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void kafkaLetsEachServiceAtItsOwnTopicsAndTenantsAtNone() throws Exception {
    KafkaBroker broker = broker();
    startKafka(broker);
    for (String client : List.of("gateway", "worker", "metering", "tenant")) {
      boolean usage = client.equals("metering");
      assertThat(allowed(() -> poll(broker, client, Topics.USAGE))).as(client).isEqualTo(usage);
      boolean reads = client.equals("gateway") || client.equals("metering");
      assertThat(allowed(() -> poll(broker, client, Topics.TENANTS))).as(client).isEqualTo(reads);
      boolean writes = client.equals("gateway");
      assertThat(allowed(() -> send(broker, client, Topics.TENANTS))).as(client).isEqualTo(writes);
      boolean facts = client.equals("worker");
      assertThat(allowed(() -> send(broker, client, Topics.USAGE))).as(client).isEqualTo(facts);
    }
  }

  private static boolean allowed(Runnable task) {
    try {
      task.run();
      return true;
    } catch (TopicAuthorizationException e) {
      return false;
    }
  }

  private void poll(KafkaBroker broker, String client, String topic) {
    Map<String, Object> properties = new HashMap<>(settings(broker, client).properties());
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer())) {
      TopicPartition partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      consumer.poll(Duration.ofSeconds(1));
    }
  }

  private void send(KafkaBroker broker, String client, String topic) {
    Map<String, Object> properties = new HashMap<>(settings(broker, client).properties());
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(properties, new StringSerializer(), new ByteArraySerializer())) {
      producer.send(new ProducerRecord<>(topic, 0, "key", new byte[0])).get();
    } catch (ExecutionException e) {
      throw (RuntimeException) e.getCause();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void redisAnswersWithThePasswordOnly() {
    Path binaries = folder.resolve("binaries");
    RedisServer redis =
        new RedisServer(
            folder.resolve("redis"), binaries, ports.get("redis"), "right", Optional.empty());
    start(redis.process(folder.resolve("redis.log")), redis.readiness());
    RedisServer stranger =
        new RedisServer(
            folder.resolve("other"), binaries, ports.get("redis"), "wrong", Optional.empty());

    assertThatThrownBy(() -> stranger.readiness().check()).hasMessageContaining("it answers");
  }

  @Test
  void postgresKeepsWhatWasCommittedWhenItIsKilledAndItsUsersToThemselves() throws Exception {
    PostgresServer postgres =
        new PostgresServer(
            folder.resolve("postgres"),
            folder.resolve("binaries"),
            ports.get("postgres"),
            "super",
            Map.of("metering", "m", "audit", "a", "gateway", "g", "gateway_serving", "s"));
    Component component =
        start(postgres.process(folder.resolve("postgres.log")), postgres.readiness());
    postgres.createDatabases();
    postgres.createDatabases();
    try (Connection connection = connect(postgres, "metering", "metering", "m")) {
      connection.createStatement().execute("CREATE TABLE t (v int)");
      connection.createStatement().execute("INSERT INTO t VALUES (42)");
    }
    component.kill();
    component.start();
    component.awaitReady();

    try (Connection connection = connect(postgres, "metering", "metering", "m")) {
      assertThat(single(connection, "SELECT v FROM t")).isEqualTo("42");
      assertThat(single(connection, "SHOW fsync")).isEqualTo("on");
      assertThat(single(connection, "SHOW synchronous_commit")).isEqualTo("on");
    }
    assertThatThrownBy(() -> connect(postgres, "metering", "metering", "wrong"))
        .isInstanceOf(SQLException.class);
    assertThatThrownBy(() -> connect(postgres, "metering", "audit", "a"))
        .isInstanceOf(SQLException.class);
    try (Connection connection = connect(postgres, "gateway", "gateway_serving", "s")) {
      assertThatThrownBy(() -> connection.createStatement().execute("CREATE TABLE t (v int)"))
          .isInstanceOf(SQLException.class);
    }
  }

  private static Connection connect(
      PostgresServer postgres, String database, String user, String password) throws SQLException {
    return DriverManager.getConnection(postgres.jdbcUrl(database), user, password);
  }

  private static String single(Connection connection, String query) throws SQLException {
    try (ResultSet rows = connection.createStatement().executeQuery(query)) {
      rows.next();
      return rows.getString(1);
    }
  }
}
