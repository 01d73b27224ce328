package dev.cofferdam.verification.bench.gateway;

import dev.cofferdam.local.LocalMesh;
import dev.cofferdam.local.process.Ports;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.vocabulary.SpiffeId;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The upstream and the bare proxy, as processes of their own with the gateway's JVM flags. */
final class Fixtures implements Closeable {
  private final LocalMesh mesh;
  private final Map<String, Integer> ports =
      Ports.choose(
          List.of("http", "proxy", "proxy-tls", "nginx", "haproxy"),
          Map.of(),
          Map.of(),
          new SecureRandom());
  private final List<Process> processes = new ArrayList<>();
  private final List<StockProxy.Running> stock = new ArrayList<>();
  private final Process proxy;

  /** Starts them; the upstream takes the places of the mesh's router and first worker. */
  Fixtures(LocalMesh mesh) throws IOException {
    this.mesh = mesh;
    TlsFiles router = identity("router", SpiffeId.Role.ROUTER, "");
    TlsFiles worker = identity("worker-1", SpiffeId.Role.WORKER, "worker-1");
    TlsFiles gateway = identity("gateway", SpiffeId.Role.GATEWAY, "");
    start(
        MockUpstream.class,
        port(mesh.address("router")),
        router.certificate().toString(),
        router.key().toString(),
        port(mesh.address("worker-1")),
        worker.certificate().toString(),
        worker.key().toString(),
        mesh.files().authority().toString(),
        String.valueOf(http()));
    proxy =
        start(
            BareProxy.class,
            String.valueOf(http()),
            String.valueOf(proxy(false)),
            String.valueOf(proxy(true)),
            gateway.certificate().toString(),
            gateway.key().toString());
  }

  /** The identity of a service. */
  TlsFiles identity(String name, SpiffeId.Role role, String instance) {
    return mesh.identity(name, new SpiffeId("cofferdam.local", role, instance));
  }

  private static String port(String address) {
    return address.substring(address.lastIndexOf(':') + 1);
  }

  /** Port of the upstream's HTTP server. */
  int http() {
    return ports.getOrDefault("http", 0);
  }

  /** Port of the bare proxy. */
  int proxy(boolean tls) {
    return ports.getOrDefault(tls ? "proxy-tls" : "proxy", 0);
  }

  /** Those of the proxies that others have whose programs are on the PATH. */
  List<StockProxy.Running> stockProxies() throws IOException {
    TlsFiles tls = identity("gateway", SpiffeId.Role.GATEWAY, "");
    for (StockProxy kind : StockProxy.values()) {
      int port = ports.getOrDefault(kind.label(), 0);
      kind.start(mesh.files().folder().resolve(kind.label()), port, http(), tls)
          .ifPresentOrElse(
              stock::add,
              () -> System.out.printf("%s is not on the PATH: left out%n", kind.label()));
    }
    return stock;
  }

  /** Process id of the bare proxy. */
  long proxyPid() {
    return proxy.pid();
  }

  private Process start(Class<?> program, String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx256m",
                "-Xss512k",
                "-XX:+UseCompactObjectHeaders",
                "--sun-misc-unsafe-memory-access=allow",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                program.getName()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().put("COFFERDAM_PARENT_WATCH", "stdin");
    Process process = builder.start();
    processes.add(process);
    BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
    String line;
    while ((line = out.readLine()) != null) {
      if (line.equals("ready")) {
        return process;
      }
    }
    throw new IOException(program.getSimpleName() + " did not start");
  }

  @Override
  public void close() {
    stock.forEach(StockProxy.Running::close);
    processes.forEach(Process::destroy);
  }
}
