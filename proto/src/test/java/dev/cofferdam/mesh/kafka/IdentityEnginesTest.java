package dev.cofferdam.mesh.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import org.apache.kafka.common.config.ConfigException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdentityEnginesTest {
  private static final String BROKER = "spiffe://test/store/kafka";
  private static final String CLIENT = "spiffe://test/service/worker/worker-1";

  @TempDir Path folder;
  private TestPki pki;
  private TlsFiles broker;
  private TlsFiles client;

  @BeforeEach
  void prepare() {
    pki = new TestPki(folder);
    broker = pki.identity("broker", BROKER);
    client = pki.identity("client", CLIENT);
  }

  private static IdentityEngines engines(TlsFiles files) {
    IdentityEngines engines = new IdentityEngines();
    engines.configure(IdentityEngines.properties(files));
    return engines;
  }

  /** Plays a handshake. */
  private static void connect(SSLEngine client, SSLEngine server) throws SSLException {
    ByteBuffer toServer = ByteBuffer.allocate(1 << 16);
    ByteBuffer toClient = ByteBuffer.allocate(1 << 16);
    client.beginHandshake();
    for (int turn = 0; turn < 40; turn++) {
      turn(client, toServer, toClient);
      turn(server, toClient, toServer);
    }
    assertThat(client.getHandshakeStatus()).isEqualTo(HandshakeStatus.NOT_HANDSHAKING);
    assertThat(server.getHandshakeStatus()).isEqualTo(HandshakeStatus.NOT_HANDSHAKING);
  }

  private static void turn(SSLEngine engine, ByteBuffer out, ByteBuffer in) throws SSLException {
    ByteBuffer plain = ByteBuffer.allocate(1 << 16);
    in.flip();
    engine.unwrap(in, plain);
    in.compact();
    for (Runnable task = engine.getDelegatedTask(); task != null; ) {
      task.run();
      task = engine.getDelegatedTask();
    }
    if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
      engine.wrap(ByteBuffer.allocate(0), out);
    }
  }

  private static BigInteger shownBy(TlsFiles client, TlsFiles broker, IdentityEngines clients)
      throws SSLException {
    try (IdentityEngines brokers = engines(broker)) {
      SSLEngine server = brokers.createServerSslEngine("127.0.0.1", 1);
      connect(clients.createClientSslEngine("127.0.0.1", 9092, "https"), server);
      assertThat(server.getSession().getProtocol()).as(client.toString()).isEqualTo("TLSv1.3");
      return ((X509Certificate) server.getSession().getPeerCertificates()[0]).getSerialNumber();
    }
  }

  @Test
  void aConnectionShowsWhatTheFilesHoldByThen() throws Exception {
    try (IdentityEngines clients = engines(client)) {
      BigInteger first = shownBy(client, broker, clients);
      // Another client of the same files, which goes.
      try (IdentityEngines others = engines(client)) {
        assertThat(shownBy(client, broker, others)).isEqualTo(first);
      }
      pki.renew(client, CLIENT);
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (shownBy(client, broker, clients).equals(first)) {
        assertThat(System.nanoTime()).as("shows the old certificate").isLessThan(deadline);
        Thread.sleep(100);
      }
    }
  }

  @Test
  void aServerOfAnotherHostIsRefused() {
    try (IdentityEngines clients = engines(client);
        IdentityEngines brokers = engines(broker)) {
      SSLEngine server = brokers.createServerSslEngine("127.0.0.1", 1);
      assertThatThrownBy(
              () -> connect(clients.createClientSslEngine("kafka.test", 9092, "https"), server))
          .isInstanceOf(SSLException.class)
          .hasMessageContaining("kafka.test");
    }
  }

  @Test
  void aServerOfAnotherAuthorityIsRefused() throws Exception {
    TlsFiles foreign =
        new TestPki(Files.createDirectory(folder.resolve("x"))).identity("x", BROKER);
    try (IdentityEngines clients = engines(client)) {
      assertThatThrownBy(() -> shownBy(client, foreign, clients)).isInstanceOf(SSLException.class);
    }
  }

  @Test
  void aFileThatIsNotNamedIsSaid() {
    try (IdentityEngines engines = new IdentityEngines()) {
      assertThatThrownBy(() -> engines.configure(Map.of()))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("cofferdam.tls.certificate");
    }
  }

  @Test
  void whoNamesStoresOfKafkasOwnKeepsThem() {
    Map<String, String> own =
        Map.of(
            "bootstrap.servers", "b:1", "security.protocol", "SSL", "ssl.keystore.location", "k");
    assertThat(KafkaSettings.of(own, client).properties()).isEqualTo(own);
    Map<String, String> plain = Map.of("bootstrap.servers", "b:1");
    assertThat(KafkaSettings.of(plain, client).properties()).isEqualTo(plain);
    Map<String, String> shown = Map.of("bootstrap.servers", "b:1", "security.protocol", "SSL");
    assertThat(KafkaSettings.of(shown, client).properties())
        .containsAllEntriesOf(shown)
        .containsAllEntriesOf(IdentityEngines.properties(client));
  }
}
