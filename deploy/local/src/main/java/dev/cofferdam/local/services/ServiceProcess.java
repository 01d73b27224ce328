package dev.cofferdam.local.services;

import dev.cofferdam.local.process.ProcessSpec;
import dev.cofferdam.local.process.Readiness;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** How a service's process is started and seen to be ready. */
public final class ServiceProcess {
  private static final int HTTP_WAIT_MS = 2_000;
  private static final int ANSWER_BYTES_MAX = 2_000;
  private static final String HEAP = "-Xmx256m";

  /** What an executable allocates before it collects; as much stays resident. */
  private static final String YOUNG = "-Xmn16m";

  private ServiceProcess() {}

  /**
   * How a process is started. Its settings go into a file that only its owner reads, not onto the
   * command line.
   *
   * @param folder where it runs
   */
  public static ProcessSpec process(
      Path java,
      ServicePrograms.Program program,
      String name,
      Map<String, String> settings,
      Path folder,
      Path log) {
    ServiceKind kind = ServiceKind.ofProcess(name);
    writeSettings(folder, settings);
    List<String> command = new ArrayList<>();
    switch (program) {
      case ServicePrograms.Jar jar -> {
        command.add(java.toString());
        command.addAll(flags(kind));
        command.addAll(jar.aotFlags());
        command.add("-jar");
        command.add(jar.jar().toString());
      }
      case ServicePrograms.Executable executable -> {
        command.add(executable.file().toString());
        command.add(HEAP);
        command.add(YOUNG);
      }
    }
    ProcessSpec spec =
        new ProcessSpec(name, command, Map.of("COFFERDAM_PARENT_WATCH", "stdin"), folder, log);
    return kind.yields() ? spec.yielding() : spec;
  }

  /**
   * How a service's AOT cache is made of what a training run noted, by a JVM with the flags of the
   * one that will use it.
   */
  static List<String> cacheCommand(Path java, ServiceKind kind, Path jar, Path record, Path cache) {
    List<String> command = new ArrayList<>();
    command.add(java.toString());
    command.addAll(flags(kind));
    command.addAll(
        List.of(
            "-XX:AOTMode=create",
            "-XX:AOTConfiguration=" + record,
            "-XX:AOTCache=" + cache,
            "-jar",
            jar.toString()));
    return command;
  }

  private static List<String> flags(ServiceKind kind) {
    List<String> flags =
        new ArrayList<>(
            List.of(
                "-XX:+UseSerialGC",
                kind == ServiceKind.WORKER ? "-Xmx1g" : HEAP,
                "-Xss512k",
                "-XX:+UseCompactObjectHeaders",
                "-XX:+ExitOnOutOfMemoryError",
                "--sun-misc-unsafe-memory-access=allow",
                "--enable-native-access=ALL-UNNAMED"));
    if (kind == ServiceKind.WORKER) {
      flags.add("--add-modules=jdk.incubator.vector");
      flags.add("-XX:+UseTransparentHugePages"); // weights are read as fast as memory goes
    }
    return flags;
  }

  private static void writeSettings(Path folder, Map<String, String> settings) {
    Properties properties = new Properties();
    properties.putAll(settings);
    try {
      Path config = folder.resolve("config");
      Files.createDirectories(config);
      Path file = config.resolve("application.properties");
      Files.deleteIfExists(file);
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      try (OutputStream out = Files.newOutputStream(file)) {
        properties.store(out, null);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write settings into " + folder, e);
    }
  }

  /** Ready when its health endpoint says so. */
  public static Readiness readiness(int managementPort) {
    URI uri = URI.create("http://127.0.0.1:" + managementPort + "/q/health/ready");
    return () -> {
      HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
      connection.setConnectTimeout(HTTP_WAIT_MS);
      connection.setReadTimeout(HTTP_WAIT_MS);
      try {
        int status = connection.getResponseCode();
        if (status != 200) {
          throw new IOException("its health is " + status + ": " + body(connection));
        }
      } finally {
        connection.disconnect();
      }
    };
  }

  private static String body(HttpURLConnection connection) throws IOException {
    try (var in = connection.getErrorStream()) {
      return in == null
          ? ""
          : new String(in.readNBytes(ANSWER_BYTES_MAX), StandardCharsets.UTF_8)
              .replaceAll("\\s+", " ");
    }
  }
}
