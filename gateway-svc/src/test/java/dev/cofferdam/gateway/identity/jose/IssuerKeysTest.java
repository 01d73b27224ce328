package dev.cofferdam.gateway.identity.jose;

import static dev.cofferdam.gateway.identity.jose.SampleIssuer.NOW_S;
import static dev.cofferdam.gateway.identity.jose.SampleIssuer.claims;
import static dev.cofferdam.gateway.identity.jose.SampleIssuer.json;
import static dev.cofferdam.gateway.identity.jose.SampleIssuer.key;
import static dev.cofferdam.gateway.identity.jose.SampleIssuer.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.cofferdam.gateway.facts.RecordedFacts;
import dev.cofferdam.gateway.identity.Tokens.Check;
import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.mesh.TlsFiles;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IssuerKeysTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir Path folder;
  private Instant now = Instant.ofEpochSecond(NOW_S);
  private byte[] published = SampleIssuer.jwks("ES256");
  private boolean down;
  private int readings;
  private final IssuerKeys keys =
      new IssuerKeys(this::read, Duration.ofSeconds(10), Runnable::run, () -> now);
  private final JwtTokens tokens =
      new JwtTokens(
          SampleIssuer.ISSUER,
          SampleIssuer.AUDIENCE,
          keys,
          new RecordedFacts()::contentHash,
          () -> now);

  @Test
  void aKeyThatTheIssuerAddsIsFoundWhenATokenOfItComes() {
    keys.refresh();
    published = SampleIssuer.jwks("ES256", "next");

    assertThat(tokens.check(ofNext())).isInstanceOf(Check.Holds.class);
    assertThat(readings).isEqualTo(2);
  }

  @Test
  void aKeyThatTheIssuerRemovedIsNoLongerTrusted() {
    keys.refresh();
    published = SampleIssuer.jwks("next");
    keys.refresh();

    assertThat(tokens.check(token("ES256", claims()))).isInstanceOf(Check.Fails.class);
    assertThat(tokens.check(ofNext())).isInstanceOf(Check.Holds.class);
  }

  @Test
  void unknownKeysCauseOneReadingInAWhile() {
    keys.refresh();
    for (int i = 0; i < 100; i++) {
      tokens.check(ofNext());
    }
    assertThat(readings).isEqualTo(2);

    now = now.plusSeconds(10);
    tokens.check(ofNext());
    assertThat(readings).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "<html>",
        "{}",
        "{\"keys\":[]}",
        "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"ES256\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}",
        "{\"keys\":5}"
      })
  void theLastGoodSetStaysWhereANewOneDoesNotHold(String text) {
    keys.refresh();
    published = text.getBytes(StandardCharsets.UTF_8);
    keys.refresh();

    assertThat(keys.failures()).isEqualTo(1);
    assertThat(tokens.check(token("ES256", claims()))).isInstanceOf(Check.Holds.class);
  }

  @Test
  void theLastGoodSetStaysWhileTheSourceIsDownAndItsAgeIsKnown() {
    keys.refresh();
    down = true;
    now = now.plusSeconds(120);
    keys.refresh();

    assertThat(keys.failures()).isEqualTo(1);
    assertThat(keys.ageS()).isEqualTo(120);
    assertThat(keys.size()).isEqualTo(1);
    assertThat(tokens.check(token("ES256", claims()))).isInstanceOf(Check.Holds.class);
  }

  @Test
  void aSetWithTwoKeysOfOneKidIsRefused() {
    String one = new String(SampleIssuer.jwks("ES256"), StandardCharsets.UTF_8);
    String key = one.substring(one.indexOf('[') + 1, one.lastIndexOf(']'));

    assertThatThrownBy(
            () ->
                KeySet.parse(
                    ("{\"keys\":[" + key + "," + key + "]}").getBytes(StandardCharsets.UTF_8)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void keysAreReadFromAFile() throws Exception {
    Path file = Files.write(folder.resolve("jwks.json"), SampleIssuer.jwks("EdDSA"));

    assertThat(KeySources.of(file.toString(), Optional.empty(), PATIENCE).read())
        .isEqualTo(SampleIssuer.jwks("EdDSA"));
  }

  @Test
  void aFileThatIsTooLargeIsNoKeySet() throws Exception {
    Path file = Files.write(folder.resolve("jwks.json"), new byte[KeySource.BYTES_MAX + 1]);

    assertThatThrownBy(() -> KeySources.of(file.toString(), Optional.empty(), PATIENCE).read())
        .isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"http://issuer.example/jwks", "ftp://issuer.example/jwks", "https:///jwks"})
  void onlyHttpsIsAUrlOfKeys(String url) {
    assertThatThrownBy(() -> KeySources.of(url, Optional.empty(), PATIENCE))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void keysAreReadFromAServerWhoseCertificateIsTrusted() throws Exception {
    serving(
        exchange -> {
          exchange.sendResponseHeaders(200, published.length);
          exchange.getResponseBody().write(published);
          exchange.close();
        },
        (url, trust) -> {
          assertThat(KeySources.of(url, Optional.of(trust), PATIENCE).read()).isEqualTo(published);
          KeySource untrusting = KeySources.of(url, Optional.empty(), PATIENCE);
          assertThatThrownBy(untrusting::read).isInstanceOf(IOException.class);
        });
  }

  @Test
  void redirectsErrorsAndFloodsAreNoKeySet() throws Exception {
    serving(
        exchange -> {
          String path = exchange.getRequestURI().getPath();
          exchange.getResponseHeaders().add("location", "/jwks");
          exchange.sendResponseHeaders(
              path.equals("/moved") ? 302 : path.equals("/broken") ? 500 : 200,
              path.equals("/flood") ? 0 : -1);
          try (var body = exchange.getResponseBody()) {
            for (int i = 0; path.equals("/flood") && i < 1_024; i++) {
              body.write(new byte[1_024]);
            }
          }
        },
        (url, trust) -> {
          for (String path : new String[] {"/moved", "/broken", "/flood"}) {
            KeySource source =
                KeySources.of(url.replace("/jwks", path), Optional.of(trust), PATIENCE);
            assertThatThrownBy(source::read).as(path).isInstanceOf(IOException.class);
          }
        });
  }

  @Test
  void aServerThatNeverEndsItsAnswerIsGivenUp() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    serving(
        exchange -> {
          exchange.sendResponseHeaders(200, 1_000);
          exchange.getResponseBody().write('{');
          exchange.getResponseBody().flush();
          try {
            over.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          exchange.close();
        },
        (url, trust) -> {
          KeySource source = KeySources.of(url, Optional.of(trust), Duration.ofMillis(300));
          assertThatThrownBy(source::read)
              .isInstanceOf(IOException.class)
              .hasMessageContaining("too long");
          over.countDown();
        });
  }

  private byte[] read() throws IOException {
    readings++;
    if (down) {
      throw new IOException("down");
    }
    return published;
  }

  private static String ofNext() {
    return token(Map.of("kid", "next"), "ES256", key("next").getPrivateKey(), json(claims()));
  }

  private interface Using {
    void use(String url, Path trust) throws Exception;
  }

  private void serving(HttpHandler handler, Using using) throws Exception {
    TlsFiles files = new TestPki(folder).identity("issuer", "spiffe://cofferdam.local/tenant/i");
    HttpsServer server =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context(files)));
    server.createContext("/", handler);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      server.setExecutor(threads);
      server.start();
      using.use("https://localhost:" + server.getAddress().getPort() + "/jwks", files.trust());
    } finally {
      server.stop(0);
    }
  }

  private static SSLContext context(TlsFiles files) throws Exception {
    byte[] der =
        Base64.getMimeDecoder()
            .decode(Files.readString(files.key()).replaceAll("-----[A-Z ]+-----", ""));
    PrivateKey key = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
    try (var in = Files.newInputStream(files.certificate())) {
      Certificate[] chain =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(in)
              .toArray(Certificate[]::new);
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry("issuer", key, new char[0], chain);
      KeyManagerFactory managers =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      managers.init(store, new char[0]);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(managers.getKeyManagers(), null, null);
      return context;
    }
  }
}
