package dev.cofferdam.local.compose;

import dev.cofferdam.local.pki.LocalAuthority;
import dev.cofferdam.local.postgres.PostgresServer;
import dev.cofferdam.local.process.Secrets;
import dev.cofferdam.local.services.ServiceKind;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.vocabulary.SpiffeId;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * What containers are given: a folder for each, mounted read-only, with its own settings, identity
 * and secrets and nobody else's, and a folder that it keeps things in. Containers run as users that
 * this machine does not know, so that what lies in the folders is readable by anybody; nobody but
 * the owner gets there, for the folder around them is closed.
 */
public final class ContainerFiles {
  private static final String CLOSED = "rwx------";
  private static final String READABLE_FOLDER = "rwxr-xr-x";
  private static final String READABLE = "rw-r--r--";
  private static final String OPEN_FOLDER = "rwxrwxrwx";
  private static final String SETTINGS = "application.properties";

  private final Path folder;
  private final LocalAuthority authority;
  private final Secrets secrets;

  private ContainerFiles(Path folder) {
    this.folder = folder;
    this.authority = LocalAuthority.open(folder.resolve("pki"));
    this.secrets = new Secrets(folder.resolve("secrets"));
  }

  /**
   * Writes everything. Identities and secrets that are there are kept.
   *
   * @param folder the one that compose.yaml names by COFFERDAM_COMPOSE
   */
  public static void write(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString(CLOSED));
    new ContainerFiles(folder).write();
  }

  /** Names of the containers of services. */
  public static List<String> processes() {
    return ServiceKind.processes(ContainerSettings.WORKERS);
  }

  private void write() throws IOException {
    ContainerSettings settings = new ContainerSettings(secrets);
    for (String process : processes()) {
      ServiceKind kind = ServiceKind.ofProcess(process);
      String instance = kind == ServiceKind.WORKER ? process : "";
      given(
          process,
          authority.identity(
              process, new SpiffeId(LocalAuthority.TRUST_DOMAIN, kind.role(), instance)));
      give(process, SETTINGS, properties(settings.of(process)));
      Path kept = folder.resolve("kept").resolve(process);
      Files.createDirectories(kept);
      Files.setPosixFilePermissions(kept, PosixFilePermissions.fromString(OPEN_FOLDER));
    }
    for (String secret : ContainerSettings.GATEWAY_SECRETS) {
      give("gateway", secret, Files.readAllBytes(secrets.file(secret)));
    }
    stores();
  }

  private void stores() throws IOException {
    TlsFiles broker = authority.server("kafka");
    given("kafka", broker);
    // The broker's image wants both in one file.
    give(
        "kafka",
        "bundle.pem",
        text(Files.readString(broker.key()) + Files.readString(broker.certificate())));
    SpiffeId operator = new SpiffeId(LocalAuthority.TRUST_DOMAIN, SpiffeId.Role.OPERATOR, "local");
    given("topics", authority.identity("operator", operator));
    give("topics", "kafka.properties", properties(ContainerSettings.kafkaAsOperator()));
    give("redis", "redis.conf", text(redis()));
    Map<String, String> passwords = new HashMap<>();
    PostgresServer.USERS.forEach(name -> passwords.put(name, secrets.text("postgres-" + name)));
    give("postgres", "password", text(secrets.text("postgres")));
    give("postgres", "first.sql", text(PostgresServer.firstCommands(passwords)));
  }

  private String redis() {
    return """
    bind * -::*
    protected-mode yes
    requirepass %s
    save ""
    appendonly no
    maxmemory 256mb
    maxmemory-policy noeviction
    """
        .formatted(secrets.text("redis"));
  }

  private void given(String container, TlsFiles files) throws IOException {
    Map<String, Path> named = new LinkedHashMap<>();
    named.put("tls.crt", files.certificate());
    named.put("tls.key", files.key());
    named.put("ca.crt", files.trust());
    for (Map.Entry<String, Path> file : named.entrySet()) {
      give(container, file.getKey(), Files.readAllBytes(file.getValue()));
    }
  }

  private void give(String container, String name, byte[] bytes) throws IOException {
    Path to = folder.resolve("given").resolve(container);
    Files.createDirectories(to);
    Files.setPosixFilePermissions(to, PosixFilePermissions.fromString(READABLE_FOLDER));
    Path next = to.resolve(name + ".next");
    Files.write(next, bytes);
    Files.setPosixFilePermissions(next, PosixFilePermissions.fromString(READABLE));
    Files.move(
        next,
        to.resolve(name),
        StandardCopyOption.REPLACE_EXISTING,
        StandardCopyOption.ATOMIC_MOVE);
  }

  private static byte[] properties(Map<String, String> settings) throws IOException {
    Properties properties = new Properties();
    properties.putAll(settings);
    StringWriter out = new StringWriter();
    properties.store(out, null);
    return text(out.toString());
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
