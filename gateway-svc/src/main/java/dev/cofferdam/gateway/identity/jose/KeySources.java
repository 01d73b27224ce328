package dev.cofferdam.gateway.identity.jose;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Key sets in files and behind https URLs. What a token says never chooses among them. */
public final class KeySources {
  private static final int OK = 200;

  private KeySources() {}

  /**
   * The source that a setting names.
   *
   * @param location a path, or a URL with the scheme https
   * @param trust PEM file of the authorities that the URL's server may have its certificate from;
   *     empty: those of the JDK
   * @param patience how long a server may take for the whole answer
   * @throws IllegalArgumentException for a URL of another scheme, and for an unusable trust file
   */
  public static KeySource of(String location, Optional<Path> trust, Duration patience) {
    if (!location.contains("://")) {
      Path file = Path.of(location);
      return () -> read(file);
    }
    URI url = URI.create(location);
    if (!"https".equals(url.getScheme()) || url.getHost() == null) {
      throw new IllegalArgumentException(
          "cofferdam.jwt.jwks: " + location + " (expected: a file or an https URL)");
    }
    HttpClient.Builder client =
        HttpClient.newBuilder().connectTimeout(patience).followRedirects(HttpClient.Redirect.NEVER);
    trust.ifPresent(file -> client.sslContext(trusting(file)));
    return get(client.build(), url, patience);
  }

  private static byte[] read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(KeySource.BYTES_MAX + 1);
      if (bytes.length > KeySource.BYTES_MAX) {
        throw new IOException("the key set is too large");
      }
      return bytes;
    }
  }

  private static KeySource get(HttpClient client, URI url, Duration patience) {
    HttpRequest request =
        HttpRequest.newBuilder(url).header("accept", "application/json").GET().build();
    return () -> {
      CompletableFuture<HttpResponse<byte[]>> answer =
          client.sendAsync(
              request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), KeySource.BYTES_MAX));
      try {
        HttpResponse<byte[]> response = answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        if (response.statusCode() != OK) {
          throw new IOException("the server of the key set answered " + response.statusCode());
        }
        return response.body();
      } catch (TimeoutException e) {
        throw new IOException("the server of the key set took too long", e);
      } catch (ExecutionException e) {
        throw new IOException("the server of the key set cannot be read", e);
      } finally {
        answer.cancel(true);
      }
    };
  }

  private static SSLContext trusting(Path pem) {
    try (InputStream in = Files.newInputStream(pem)) {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      for (Certificate authority :
          CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry("authority-" + store.size(), authority);
      }
      TrustManagerFactory managers =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      managers.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, managers.getTrustManagers(), null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalArgumentException("cofferdam.jwt.trust: cannot be used", e);
    }
  }
}
