package dev.cofferdam.mesh.postgres;

import dev.cofferdam.mesh.containers.HostContainer;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A real PostgreSQL that lets every user of this machine in, until the process ends: its programs
 * are unpacked from a jar, or run in a container where {@link HostContainer} says so.
 */
public final class TestPostgres {
  /** The superuser, and the database that is always there. */
  public static final String POSTGRES = "postgres";

  private static final String IMAGE = "postgres:18";

  private final int port;

  private TestPostgres(int port) {
    this.port = port;
  }

  /** Starts one. */
  public static TestPostgres start() {
    try {
      return new TestPostgres(
          HostContainer.wanted()
              ? contained()
              // It ends itself with this process.
              : EmbeddedPostgres.builder().start().getPort());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Testcontainers ends it with this process. */
  @SuppressWarnings("resource")
  private static int contained() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    TestPostgres server = new TestPostgres(port);
    new HostContainer(
            IMAGE,
            Map.of("POSTGRES_HOST_AUTH_METHOD", "trust"),
            List.of(POSTGRES, "-p", Integer.toString(port), "-c", "listen_addresses=127.0.0.1"),
            () -> {
              try (Connection connection = server.superuser().getConnection()) {
                return connection.isValid(1);
              }
            })
        .start();
    return port;
  }

  /** The superuser's connections. */
  public DataSource superuser() {
    return database(POSTGRES, POSTGRES);
  }

  /** A user's connections to a database. */
  public DataSource database(String user, String name) {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setUrl(url(user, name));
    return source;
  }

  /** A user's JDBC URL of a database. */
  public String url(String user, String name) {
    return "jdbc:postgresql://127.0.0.1:" + port + "/" + name + "?user=" + user;
  }
}
