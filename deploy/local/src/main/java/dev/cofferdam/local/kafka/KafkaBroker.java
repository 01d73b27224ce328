package dev.cofferdam.local.kafka;

import dev.cofferdam.local.process.ProcessSpec;
import dev.cofferdam.local.process.Readiness;
import dev.cofferdam.local.process.StartFailedException;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.kafka.IdentityEngines;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.TopicSetup;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.vocabulary.SpiffeId.Role;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;

/**
 * One broker that is its own controller, on the loopback address. Clients speak TLS with
 * certificates on both sides, and may do with a topic what {@link Topics} says, and nothing else: a
 * tenant's certificate opens nothing here.
 */
public final class KafkaBroker {
  private final Path folder;
  private final int port;
  private final int controllerPort;
  private final TlsFiles identity;

  /**
   * @param folder where its data and settings lie
   * @param identity the broker's, with the authority of its clients
   */
  public KafkaBroker(Path folder, int port, int controllerPort, TlsFiles identity) {
    this.folder = folder;
    this.port = port;
    this.controllerPort = controllerPort;
    this.identity = identity;
  }

  /** Where clients connect. */
  public String bootstrap() {
    return "127.0.0.1:" + port;
  }

  /** What a client sets, whose identity is {@link KafkaSettings#of}'s to add. */
  public Map<String, String> clientProperties() {
    return Map.of("bootstrap.servers", bootstrap(), "security.protocol", "SSL");
  }

  /** What a client with this identity sets. */
  public KafkaSettings client(TlsFiles client) {
    return KafkaSettings.of(clientProperties(), client);
  }

  /**
   * How its process is started; writes its settings.
   *
   * @param cache what the JVM is told about an AOT cache
   */
  public ProcessSpec process(Path java, String classPath, List<String> cache, Path log) {
    try {
      Files.createDirectories(folder);
      Path file = folder.resolve("server.properties");
      try (OutputStream out = Files.newOutputStream(file)) {
        settings().store(out, null);
      }
      List<String> command =
          new ArrayList<>(
              List.of(
                  java.toString(),
                  "-XX:+UseSerialGC",
                  "-Xmx192m",
                  "-Xss512k",
                  "-XX:TieredStopAtLevel=1"));
      command.addAll(cache);
      command.addAll(
          List.of(
              "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
              "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
              "-Dorg.slf4j.simpleLogger.showDateTime=true",
              "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
              "-Dorg.slf4j.simpleLogger.logFile=System.out",
              "--sun-misc-unsafe-memory-access=allow",
              "--enable-native-access=ALL-UNNAMED",
              "-cp",
              classPath,
              KafkaProcess.class.getName(),
              file.toString()));
      return new ProcessSpec(
          "kafka", command, Map.of("COFFERDAM_PARENT_WATCH", "stdin"), folder, log);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write Kafka's settings", e);
    }
  }

  private Properties settings() {
    Properties p = new Properties();
    p.setProperty("process.roles", "broker,controller");
    p.setProperty("node.id", "1");
    p.setProperty("controller.quorum.voters", "1@127.0.0.1:" + controllerPort);
    p.setProperty(
        "listeners", "CLIENTS://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controllerPort);
    p.setProperty("advertised.listeners", "CLIENTS://127.0.0.1:" + port);
    p.setProperty("listener.security.protocol.map", "CLIENTS:SSL,CONTROLLER:SSL");
    p.setProperty("inter.broker.listener.name", "CLIENTS");
    p.setProperty("controller.listener.names", "CONTROLLER");
    p.setProperty("ssl.client.auth", "required");
    p.setProperty("ssl.enabled.protocols", "TLSv1.3");
    p.setProperty("principal.builder.class", SpiffePrincipals.class.getName());
    p.setProperty(
        "authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer");
    p.setProperty("allow.everyone.if.no.acl.found", "false");
    p.setProperty(
        "super.users", SpiffePrincipals.BROKER + ";" + SpiffePrincipals.of(Role.OPERATOR));
    p.putAll(IdentityEngines.properties(identity));
    p.setProperty("log.dirs", folder.resolve("data").toString());
    p.setProperty("auto.create.topics.enable", "false");
    p.setProperty("num.partitions", "1");
    for (String topic :
        List.of("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")) {
      p.setProperty(topic + ".replication.factor", "1");
    }
    p.setProperty("transaction.state.log.min.isr", "1");
    p.setProperty("share.coordinator.state.topic.min.isr", "1");
    p.setProperty("offsets.topic.num.partitions", "4");
    p.setProperty("transaction.state.log.num.partitions", "2");
    p.setProperty("share.coordinator.state.topic.num.partitions", "2");
    p.setProperty("group.initial.rebalance.delay.ms", "0");
    // A broker that was killed comes back in two seconds instead of eleven.
    p.setProperty("broker.session.timeout.ms", "1000");
    p.setProperty("broker.heartbeat.interval.ms", "200");
    p.setProperty("log.segment.bytes", "16777216");
    p.setProperty("log.cleaner.dedupe.buffer.size", "4194304");
    p.setProperty("log.cleaner.backoff.ms", "5000");
    p.setProperty("num.network.threads", "2");
    p.setProperty("num.io.threads", "2");
    p.setProperty("background.threads", "2");
    p.setProperty("num.recovery.threads.per.data.dir", "1");
    p.setProperty("controlled.shutdown.enable", "false");
    p.setProperty("metric.reporters", "");
    return p;
  }

  /** Serves when it answers a client. */
  public Readiness readiness(TlsFiles operator) {
    return () -> {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 500);
      }
      try (Admin admin = admin(operator, 2_000)) {
        admin.describeCluster().nodes().get(2, TimeUnit.SECONDS);
      }
    };
  }

  /**
   * Creates the topics that are missing, and lets the services at them.
   *
   * @return how many were created
   */
  public int createTopics(TlsFiles operator) {
    try (Admin admin = admin(operator, 10_000)) {
      return new TopicSetup(admin, (short) 1).run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartFailedException("interrupted", e);
    } catch (ExecutionException | TimeoutException e) {
      throw new StartFailedException("Kafka's topics cannot be created: " + e.getMessage(), e);
    }
  }

  private Admin admin(TlsFiles operator, int timeoutMs) {
    return Admin.create(
        client(operator)
            .with(
                Map.of(
                    "default.api.timeout.ms", String.valueOf(timeoutMs),
                    "request.timeout.ms", String.valueOf(timeoutMs),
                    "reconnect.backoff.max.ms", "200")));
  }
}
