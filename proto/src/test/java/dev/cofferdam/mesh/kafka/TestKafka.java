package dev.cofferdam.mesh.kafka;

import dev.cofferdam.mesh.containers.HostContainer;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.jspecify.annotations.Nullable;

/**
 * A real Kafka broker in this process, that can be stopped and started again; in a container where
 * {@link HostContainer} says so and the broker's features are its version's own.
 */
public final class TestKafka implements AutoCloseable {
  private final Path folder;
  private final int port;
  private final int controllerPort;
  private final Map<String, Short> features;
  private @Nullable HostContainer container;
  private KafkaRaftServer server;

  /** Starts a broker whose data lie in a folder. */
  public TestKafka(Path folder) {
    this(folder, Map.of());
  }

  /**
   * Starts a broker whose data lie in a folder.
   *
   * @param features levels of features that are not this version's own
   */
  public TestKafka(Path folder, Map<String, Short> features) {
    this.folder = folder;
    this.features = features;
    this.port = freePort();
    this.controllerPort = freePort();
    start();
  }

  /** Starts it (again). */
  public void start() {
    if (HostContainer.wanted() && features.isEmpty()) {
      startContainer();
      return;
    }
    KafkaConfig config = KafkaConfig.fromProps(properties());
    try {
      Path data = folder.resolve("data");
      if (!Files.exists(data.resolve("meta.properties"))) {
        Files.createDirectories(data);
        Formatter formatter = new Formatter();
        features.forEach(formatter::setFeatureLevel);
        formatter
            .setPrintStream(new PrintStream(PrintStream.nullOutputStream()))
            .setClusterId("4L6g3nShT-eMCtK--X86sw")
            .setNodeId(1)
            .addDirectory(data.toString())
            .setMetadataLogDirectory(data.toString())
            .setControllerListenerName("CONTROLLER")
            .run();
      }
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
    server = new KafkaRaftServer(config, Time.SYSTEM);
    server.startup();
  }

  private void startContainer() {
    HostContainer present = container;
    if (present == null) {
      Map<String, String> environment = new HashMap<>();
      Properties properties = properties();
      properties.setProperty("log.dirs", "/tmp/data");
      properties.forEach(
          (name, value) ->
              environment.put(
                  "KAFKA_" + name.toString().toUpperCase(Locale.ROOT).replace('.', '_'),
                  value.toString()));
      environment.values().removeIf(String::isEmpty);
      present =
          new HostContainer(
              "apache/kafka:" + AppInfoParser.getVersion(), environment, List.of(), this::answers);
      container = present;
    }
    present.start();
  }

  private boolean answers() throws Exception {
    try (Admin admin =
        Admin.create(
            Map.of(
                "bootstrap.servers",
                "127.0.0.1:" + port,
                "request.timeout.ms",
                "1000",
                "default.api.timeout.ms",
                "1000"))) {
      return !admin.describeCluster().nodes().get().isEmpty();
    }
  }

  /** Stops it. */
  public void stop() {
    if (container != null) {
      container.stop();
      return;
    }
    server.shutdown();
    server.awaitShutdown();
  }

  @Override
  public void close() {
    if (container != null) {
      container.close();
    } else {
      stop();
    }
  }

  /** How clients reach it. */
  public KafkaSettings settings() {
    return new KafkaSettings(Map.of("bootstrap.servers", "127.0.0.1:" + port));
  }

  /** Creates a topic. */
  public void create(String topic, int partitions) throws InterruptedException {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", "127.0.0.1:" + port))) {
      admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A producer of bytes; the caller closes it. */
  public KafkaProducer<byte[], byte[]> producer() {
    return new KafkaProducer<>(
        Map.of(
            "bootstrap.servers",
            "127.0.0.1:" + port,
            "acks",
            "all",
            // With several in flight, a batch that overtakes the first one on a new partition
            // wedges the producer.
            "max.in.flight.requests.per.connection",
            "1"),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }

  /** Sends values to a partition and waits for them. */
  public void send(String topic, int partition, Iterable<byte[]> values) {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    try (KafkaProducer<byte[], byte[]> producer = producer()) {
      for (byte[] value : values) {
        sent.add(producer.send(new ProducerRecord<>(topic, partition, null, value)));
      }
      producer.flush();
      for (Future<RecordMetadata> one : sent) {
        one.get();
      }
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private Properties properties() {
    Properties p = new Properties();
    p.setProperty("process.roles", "broker,controller");
    p.setProperty("node.id", "1");
    p.setProperty("controller.quorum.voters", "1@127.0.0.1:" + controllerPort);
    p.setProperty(
        "listeners", "CLIENTS://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controllerPort);
    p.setProperty("advertised.listeners", "CLIENTS://127.0.0.1:" + port);
    p.setProperty("listener.security.protocol.map", "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT");
    p.setProperty("inter.broker.listener.name", "CLIENTS");
    p.setProperty("controller.listener.names", "CONTROLLER");
    p.setProperty("log.dirs", folder.resolve("data").toString());
    p.setProperty("auto.create.topics.enable", "false");
    p.setProperty("offsets.topic.replication.factor", "1");
    p.setProperty("offsets.topic.num.partitions", "1");
    p.setProperty("transaction.state.log.replication.factor", "1");
    p.setProperty("transaction.state.log.min.isr", "1");
    p.setProperty("transaction.state.log.num.partitions", "1");
    p.setProperty("group.initial.rebalance.delay.ms", "0");
    p.setProperty("group.min.session.timeout.ms", "1000");
    p.setProperty("broker.session.timeout.ms", "1000");
    p.setProperty("broker.heartbeat.interval.ms", "200");
    p.setProperty("log.cleaner.dedupe.buffer.size", "4194304");
    p.setProperty("metric.reporters", "");
    return p;
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
