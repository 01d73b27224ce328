package dev.cofferdam.mesh.web;

import com.sun.net.httpserver.HttpServer;
import dev.cofferdam.mesh.JdkTls;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.vocabulary.SpiffeId.Role;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/**
 * Shows a browser what a server over mutual TLS answers to an identity: HTTP on the loopback, for
 * browsers into which no certificate can be put by a test.
 */
public final class PlainRelay implements AutoCloseable {
  private final JdkTls tls;
  private final HttpClient client;
  private final HttpServer server;

  /**
   * @param port of the server behind
   * @param identity who asks it
   * @param role the server's
   */
  public PlainRelay(int port, TlsFiles identity, Role role) throws IOException {
    tls = JdkTls.client(identity, role);
    client = HttpClient.newBuilder().sslContext(tls.context()).build();
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            URI asked = URI.create("https://127.0.0.1:" + port + exchange.getRequestURI());
            HttpResponse<byte[]> answer =
                client.send(
                    HttpRequest.newBuilder(asked).build(), HttpResponse.BodyHandlers.ofByteArray());
            for (String name : new String[] {"Content-Type", "Content-Security-Policy"}) {
              answer
                  .headers()
                  .firstValue(name)
                  .ifPresent(value -> exchange.getResponseHeaders().set(name, value));
            }
            exchange.sendResponseHeaders(
                answer.statusCode(), answer.body().length == 0 ? -1 : answer.body().length);
            exchange.getResponseBody().write(answer.body());
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    server.start();
  }

  /** Where a path is shown. */
  public URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + path);
  }

  @Override
  public void close() {
    server.stop(0);
    client.shutdownNow();
    tls.close();
  }
}
