package dev.cofferdam.local.postgres;

import dev.cofferdam.local.process.LogTail;
import dev.cofferdam.local.process.ManagedProcess;
import dev.cofferdam.local.process.ProcessSpec;
import dev.cofferdam.local.process.Readiness;
import dev.cofferdam.local.process.StartFailedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * A PostgreSQL server on the loopback address: durable (it survives SIGKILL and loss of power),
 * passwords for everyone, a database and a user for each service that keeps books.
 */
public final class PostgresServer {
  private static final int PROBE_S_MAX = 10;

  /** A database is copied from its template, which takes its time where the machine is busy. */
  private static final int CREATE_S_MAX = 120;

  /** Databases, each owned by a user of the same name. */
  public static final List<String> DATABASES = List.of("metering", "audit", "gateway");

  /** Serves the gateway's requests in a database whose tables it does not own. */
  public static final String GATEWAY_SERVING = "gateway_serving";

  private static final String GRANT = "GRANT CONNECT ON DATABASE gateway TO " + GATEWAY_SERVING;

  /** All users but the super user. */
  public static final List<String> USERS = List.of("metering", "audit", "gateway", GATEWAY_SERVING);

  private final Path folder;
  private final int port;
  private final String superPassword;
  private final Map<String, String> passwords;
  private final PostgresPrograms programs;

  /**
   * @param binaries where the programs are unpacked
   * @param superPassword of the user "postgres"
   * @param passwords of {@link #USERS}
   */
  public PostgresServer(
      Path folder, Path binaries, int port, String superPassword, Map<String, String> passwords) {
    this.folder = folder;
    this.port = port;
    this.superPassword = superPassword;
    this.passwords = Map.copyOf(passwords);
    this.programs = PostgresPrograms.unpack(binaries);
  }

  /** JDBC address of a database. */
  public String jdbcUrl(String database) {
    return jdbcUrl(port, database);
  }

  /** JDBC address of a database of a server that need not run yet. */
  public static String jdbcUrl(int port, String database) {
    return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
  }

  /** Removes everything that it keeps; it must not run. */
  public void remove() throws IOException {
    PostgresPrograms.delete(folder);
  }

  /** How its process is started; makes the database folder the first time. */
  public ProcessSpec process(Path log) {
    try {
      Files.createDirectories(folder);
      Path data = folder.resolve("data");
      if (!Files.exists(data.resolve("PG_VERSION"))) {
        initialise(data, log);
      }
      List<String> command = new ArrayList<>(asNobody());
      command.addAll(
          List.of(programs.program("postgres"), "-D", data.toString(), "-p", String.valueOf(port)));
      for (String setting :
          List.of(
              "listen_addresses=127.0.0.1",
              "unix_socket_directories=",
              "max_connections=60",
              "shared_buffers=256MB",
              // Keys of requests are random: each checkpoint has their pages written whole again.
              "max_wal_size=4GB",
              "fsync=on",
              "synchronous_commit=on",
              "full_page_writes=on",
              "password_encryption=scram-sha-256",
              "log_line_prefix=%m [%p] ",
              "timezone=UTC")) {
        command.add("-c");
        command.add(setting);
      }
      return new ProcessSpec("postgres", command, Map.of("LC_ALL", "C"), folder, log)
          .guarded("INT");
    } catch (IOException e) {
      throw new UncheckedIOException("cannot prepare PostgreSQL in " + folder, e);
    }
  }

  private void initialise(Path data, Path log) throws IOException {
    Path password =
        Files.createTempFile(
            folder,
            "password",
            "",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      Files.writeString(password, superPassword + "\n");
      List<String> command = new ArrayList<>(asNobody());
      command.addAll(
          List.of(
              programs.program("initdb"),
              "-D",
              data.toString(),
              "-U",
              "postgres",
              "-A",
              "scram-sha-256",
              "--pwfile=" + password,
              "-E",
              "UTF8",
              "--no-locale"));
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
      builder.environment().put("LC_ALL", "C");
      Process process = builder.start();
      process.getOutputStream().close();
      if (process.waitFor() != 0) {
        throw new StartFailedException(
            "PostgreSQL cannot make its folder:\n    | "
                + String.join("\n    | ", LogTail.lines(log, 10))
                + "\n    log: "
                + log);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartFailedException("interrupted", e);
    } finally {
      Files.deleteIfExists(password);
    }
  }

  /** PostgreSQL refuses to run as root; in a user namespace without a mapping it is nobody. */
  private static List<String> asNobody() {
    if (!"root".equals(System.getProperty("user.name"))) {
      return List.of();
    }
    Path unshare =
        ManagedProcess.onPath("unshare")
            .orElseThrow(
                () ->
                    new StartFailedException(
                        "PostgreSQL does not run as root, and unshare (package util-linux) is not"
                            + " there to change that; install it, or run as another user"));
    return List.of(unshare.toString(), "-U");
  }

  /** Serves when the super user can log in. */
  public Readiness readiness() {
    return () -> connect(PROBE_S_MAX).close();
  }

  private Connection connect(int answerSMax) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", "postgres");
    properties.setProperty("password", superPassword);
    properties.setProperty("connectTimeout", "2");
    properties.setProperty("socketTimeout", Integer.toString(answerSMax));
    return DriverManager.getConnection(jdbcUrl("postgres"), properties);
  }

  /** Creates the databases and users that are missing. */
  public void createDatabases() {
    try (Connection connection = connect(CREATE_S_MAX);
        Statement statement = connection.createStatement()) {
      for (String name : USERS) {
        if (!exists(statement, "SELECT 1 FROM pg_roles WHERE rolname = '" + name + "'")) {
          statement.execute(createUser(name));
        }
        statement.execute(alterUser(name, String.valueOf(passwords.get(name))));
      }
      for (String name : DATABASES) {
        if (!exists(statement, "SELECT 1 FROM pg_database WHERE datname = '" + name + "'")) {
          for (String command : createDatabase(name)) {
            statement.execute(command);
          }
        }
      }
      statement.execute(GRANT);
    } catch (SQLException e) {
      throw new StartFailedException("PostgreSQL's databases cannot be made: " + e.getMessage(), e);
    }
  }

  /**
   * What {@link #createDatabases} does, for a new server that is run by somebody else.
   *
   * @param passwords of {@link #USERS}
   */
  public static String firstCommands(Map<String, String> passwords) {
    List<String> commands = new ArrayList<>();
    for (String name : USERS) {
      commands.add(createUser(name));
      commands.add(alterUser(name, String.valueOf(passwords.get(name))));
    }
    DATABASES.forEach(name -> commands.addAll(createDatabase(name)));
    commands.add(GRANT);
    return String.join(";\n", commands) + ";\n";
  }

  private static String createUser(String name) {
    return "CREATE ROLE " + name + " LOGIN NOSUPERUSER NOBYPASSRLS";
  }

  /**
   * The services make the roles behind their row-level security; since PostgreSQL 16 a role that
   * may do that has no power over roles that it did not make.
   */
  private static String alterUser(String name, String password) {
    String right = name.equals(GATEWAY_SERVING) ? "NOCREATEROLE" : "CREATEROLE";
    return "ALTER ROLE " + name + " " + right + " PASSWORD '" + password + "'";
  }

  private static List<String> createDatabase(String name) {
    return List.of(
        "CREATE DATABASE " + name + " OWNER " + name,
        "REVOKE ALL ON DATABASE " + name + " FROM PUBLIC");
  }

  private static boolean exists(Statement statement, String query) throws SQLException {
    try (ResultSet rows = statement.executeQuery(query)) {
      return rows.next();
    }
  }
}
