package dev.cofferdam.compose;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.audit.app.AuditConfig;
import dev.cofferdam.gateway.app.GatewayConfig;
import dev.cofferdam.local.compose.ContainerFiles;
import dev.cofferdam.local.services.ServiceKind;
import dev.cofferdam.mesh.Caller;
import dev.cofferdam.metering.app.MeteringConfig;
import dev.cofferdam.router.app.RouterConfig;
import dev.cofferdam.scheduler.app.SchedulerConfig;
import dev.cofferdam.worker.app.WorkerConfig;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerFilesTest {
  private static final Map<ServiceKind, Class<?>> CONFIGURATIONS =
      Map.of(
          ServiceKind.GATEWAY, GatewayConfig.class,
          ServiceKind.ROUTER, RouterConfig.class,
          ServiceKind.SCHEDULER, SchedulerConfig.class,
          ServiceKind.METERING, MeteringConfig.class,
          ServiceKind.AUDIT, AuditConfig.class,
          ServiceKind.WORKER, WorkerConfig.class);

  /** Of quarkus-opentelemetry, documented as fixed at run time. */
  private static final Set<String> DOCUMENTED = Set.of("quarkus.otel.sdk.disabled");

  @TempDir Path parent;
  private Path folder;

  @BeforeEach
  void write() throws IOException {
    folder = parent.resolve("compose");
    ContainerFiles.write(folder);
  }

  @Test
  void servicesTakeAllOfTheirSettings() throws Exception {
    String launcher =
        Files.readString(
            ComposeFile.REPOSITORY.resolve(
                "deploy/local/src/main/java/dev/cofferdam/local/services/ServiceSettings.java"));
    for (String process : ContainerFiles.processes()) {
      Map<String, String> settings = settings(process);
      Class<?> mapping = CONFIGURATIONS.get(ServiceKind.ofProcess(process));
      new SmallRyeConfigBuilder()
          .addDefaultInterceptors()
          .withConverter(Path.class, 100, Path::of)
          .withSources(new PropertiesConfigSource(settings, process, 100))
          .withMapping(mapping)
          .build()
          .getConfigMapping(mapping);
      settings.keySet().stream()
          .filter(name -> name.startsWith("quarkus.") && !DOCUMENTED.contains(name))
          .forEach(
              name ->
                  assertThat(launcher).contains('"' + name.replaceFirst("\\.(host|port)$", "")));
    }
  }

  @Test
  void whatSettingsNameIsThere() throws Exception {
    Set<String> hosts = new TreeSet<>(ComposeFile.read().services().keySet());
    for (String process : ContainerFiles.processes()) {
      settings(process)
          .forEach(
              (name, value) -> {
                if (value.startsWith("/etc/cofferdam/")) {
                  assertThat(given(process).resolve(value.substring("/etc/cofferdam/".length())))
                      .as(process + ": " + name)
                      .isRegularFile();
                } else if (value.startsWith("/models")) {
                  assertThat(ComposeFile.REPOSITORY.resolve(value.substring(1))).exists();
                }
                Pattern.compile("(?:^|//|@|,)([a-z][a-z0-9-]*):[0-9]{4}")
                    .matcher(value)
                    .results()
                    .forEach(host -> assertThat(hosts).as(name).contains(host.group(1)));
              });
    }
  }

  @Test
  void eachHasTheIdentityOfItsServiceAndNoOtherKey() throws Exception {
    Set<String> keys = new TreeSet<>();
    for (String process : ContainerFiles.processes()) {
      X509Certificate certificate = certificate(process);
      ServiceKind kind = ServiceKind.ofProcess(process);
      assertThat(Caller.spiffeId(certificate).orElseThrow().role()).isEqualTo(kind.role());
      assertThat(certificate.getSubjectX500Principal().getName()).isEqualTo("CN=" + process);
      assertThat(keys.add(Files.readString(given(process).resolve("tls.key")))).isTrue();
    }
    assertThat(certificate("kafka").getSubjectAlternativeNames())
        .anySatisfy(name -> assertThat(name.get(1)).isEqualTo("kafka"));
    for (String process : ContainerFiles.processes()) {
      List<Path> files;
      try (var list = Files.list(given(process))) {
        files = list.toList();
      }
      long passwords =
          files.stream()
              .filter(file -> file.endsWith("application.properties"))
              .map(ContainerFilesTest::text)
              .filter(text -> text.contains("password") || text.contains("redis\\://"))
              .count();
      assertThat(passwords)
          .as(process)
          .isEqualTo(Set.of("router", "worker-1", "worker-2").contains(process) ? 0 : 1);
    }
  }

  @Test
  void nobodyElseOnThisMachineGetsThereAndContainersMayReadIt() throws Exception {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
        .isEqualTo("rwx------");
    try (var files = Files.walk(folder.resolve("given"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
            .isEqualTo("rw-r--r--");
      }
    }
  }

  @Test
  void aSecondTimeChangesNothing() throws Exception {
    Map<String, String> before = all();
    ContainerFiles.write(folder);

    assertThat(all()).isEqualTo(before);
  }

  private Map<String, String> all() throws IOException {
    Map<String, String> all = new TreeMap<>();
    try (var files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String text = text(file).replaceFirst("(?m)^#.*\\n", "");
        all.put(folder.relativize(file).toString(), text.lines().sorted().toList().toString());
      }
    }
    return all;
  }

  private Path given(String container) {
    return folder.resolve("given").resolve(container);
  }

  private Map<String, String> settings(String process) throws IOException {
    Properties properties = new Properties();
    try (Reader in = Files.newBufferedReader(given(process).resolve("application.properties"))) {
      properties.load(in);
    }
    Map<String, String> settings = new TreeMap<>();
    properties.stringPropertyNames().forEach(n -> settings.put(n, properties.getProperty(n)));
    return settings;
  }

  private X509Certificate certificate(String container) throws Exception {
    try (var in = Files.newInputStream(given(container).resolve("tls.crt"))) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
