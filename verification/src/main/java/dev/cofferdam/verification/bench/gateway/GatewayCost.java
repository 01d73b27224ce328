package dev.cofferdam.verification.bench.gateway;

import dev.cofferdam.local.LocalMesh;
import dev.cofferdam.local.LocalOptions;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.verification.bench.Rows;
import dev.cofferdam.vocabulary.SpiffeId;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * What the gateway costs: CPU by the process clock, and the time that it adds, with authentication,
 * every limit in a real Redis and audit facts to a real Kafka, over an upstream that answers at
 * once; beside a bare Vert.x proxy, and nginx and HAProxy where they are on the PATH, over the same
 * upstream, in the same run, in turns. All figures are medians of the rounds.
 *
 * <p>Arguments: repository, folder for the mesh, file to append the results to.
 */
public final class GatewayCost {
  private static final int ROUNDS = Integer.getInteger("cofferdam.bench.rounds", 5);
  private static final int CLIENTS = 16;
  private static final long WARM_UP_MS = Integer.getInteger("cofferdam.bench.warm-up-ms", 25_000);
  private static final long MEASURE_MS = 3_000;
  private static final int LATENCIES = 400;
  private static final int PROMPT_TOKENS = 200;

  private static final String STRICT = "gateway";
  private static final String LEASED = "gateway_leased";
  private static final String GRPC = "_grpc";

  private final Map<String, Way> paths = new LinkedHashMap<>();
  private final Map<String, List<Double>> figures = new LinkedHashMap<>();
  private final List<String> stock = new ArrayList<>();
  private final Rows rows = new Rows();

  /**
   * A way to an answer.
   *
   * @param pid whose CPU is measured; empty where only time is
   * @param streams how its streams are opened; empty where it has none
   */
  private record Way(Optional<Long> pid, Lane.Opener whole, Optional<Lane.Opener> streams) {}

  /** Runs it. */
  public static void main(String[] args) throws Exception {
    GatewayCost bench = new GatewayCost();
    for (String mode : List.of("strict", "leased")) {
      LocalOptions options =
          LocalOptions.of(Path.of(args[0]))
              .withGatewayAlone()
              .withGatewaySettings(Map.of("cofferdam.limits.mode", mode));
      try (LocalMesh mesh = LocalMesh.start(Path.of(args[1]), options);
          Fixtures fixtures = new Fixtures(mesh)) {
        bench.run(mesh, fixtures, mode.equals("leased"));
      }
    }
    bench.report();
    bench.rows.append(Path.of(args[2]));
    System.exit(0);
  }

  /**
   * @param leased whether limits are leased; the others were measured beside the gateway that asks
   *     Redis
   */
  private void run(LocalMesh mesh, Fixtures fixtures, boolean leased) throws Exception {
    System.out.printf("Limits: %s%n", leased ? "leased" : "strict");
    paths.clear();
    List<String> keys = BenchTenants.make(mesh.endpoints().grpc(), mesh.operator(), CLIENTS);
    long gateway = mesh.process("gateway").pid().orElseThrow();
    SSLContext tls = tls(mesh.files().authority());
    String rest = mesh.endpoints().rest();
    int edge = Integer.parseInt(rest.substring(rest.lastIndexOf(':') + 1));
    ManagedChannel channel = GrpcLane.channel(mesh.endpoints().grpc(), mesh.files().authority());
    try (MeshChannels inside =
        new MeshChannels(fixtures.identity("gateway", SpiffeId.Role.GATEWAY, ""))) {
      if (!leased) {
        addOthers(mesh, fixtures, inside, tls, keys);
      }
      String name = leased ? LEASED : STRICT;
      add(name, http(Optional.of(gateway), edge, Optional.of(tls), keys), leased);
      add(
          name + GRPC,
          new Way(
              Optional.of(gateway),
              n -> new GrpcLane(channel, keys.get(n), Workload.grpc(false)),
              Optional.of(n -> new GrpcLane(channel, keys.get(n), Workload.grpc(true)))),
          leased);
      await(n -> httpLane(edge, Optional.of(tls), Workload.http(false, keys.get(n))), CLIENTS);
      warmUp();
      for (int round = 1; round <= ROUNDS; round++) {
        System.out.printf("Round %d of %d%n", round, ROUNDS);
        measure();
      }
    } finally {
      channel.shutdownNow();
    }
  }

  /** Chunks cost the same, however limits are decided. */
  private void add(String name, Way way, boolean leased) {
    paths.put(name, leased ? new Way(way.pid(), way.whole(), Optional.empty()) : way);
  }

  private void addOthers(
      LocalMesh mesh, Fixtures fixtures, MeshChannels inside, SSLContext tls, List<String> keys)
      throws IOException, InterruptedException {
    paths.put("direct", http(Optional.empty(), fixtures.http(), Optional.empty(), keys));
    paths.put(
        "upstream",
        new Way(
            Optional.empty(),
            n -> new UpstreamLane(inside, mesh.address("router"), "bench-0", PROMPT_TOKENS, 16),
            Optional.empty()));
    paths.put(
        "vertx",
        http(Optional.of(fixtures.proxyPid()), fixtures.proxy(false), Optional.empty(), keys));
    paths.put(
        "vertx_tls",
        http(Optional.of(fixtures.proxyPid()), fixtures.proxy(true), Optional.of(tls), keys));
    for (StockProxy.Running proxy : fixtures.stockProxies()) {
      Optional<Long> pid = Optional.of(proxy.process().pid());
      Way way = http(pid, proxy.port(), Optional.of(tls), keys);
      await(way.whole(), 1);
      paths.put(proxy.kind().label(), way);
      stock.add(proxy.kind().label());
    }
  }

  private static Way http(
      Optional<Long> pid, int port, Optional<SSLContext> tls, List<String> keys) {
    return new Way(
        pid,
        n -> httpLane(port, tls, Workload.http(false, keys.get(n))),
        Optional.of(n -> httpLane(port, tls, Workload.http(true, keys.get(n)))));
  }

  private static Lane httpLane(int port, Optional<SSLContext> tls, byte[] request)
      throws IOException {
    HttpConnection connection = new HttpConnection(port, tls);
    return new Lane() {
      @Override
      public void ask() throws IOException {
        connection.exchange(request);
      }

      @Override
      public void close() throws IOException {
        connection.close();
      }
    };
  }

  /** The gateway knows a new key within a second. */
  static void await(Lane.Opener opener, int clients) throws InterruptedException {
    for (int n = 0; n < clients; n++) {
      for (int tries = 0; ; tries++) {
        try (Lane lane = opener.open(n)) {
          lane.ask();
          break;
        } catch (IOException e) {
          if (tries == 40) {
            throw new IllegalStateException("the gateway does not answer: " + e.getMessage(), e);
          }
          Thread.sleep(250);
        }
      }
    }
  }

  /** Until the code of every process is compiled; the gateway has the most of it. */
  private void warmUp() throws IOException, InterruptedException {
    System.out.printf("Keeping the processes busy until their code is compiled%n");
    for (Map.Entry<String, Way> entry : paths.entrySet()) {
      Way path = entry.getValue();
      long ms = entry.getKey().startsWith("gateway") ? WARM_UP_MS : WARM_UP_MS / 5;
      long pid = path.pid().orElse(ProcessHandle.current().pid());
      var whole = Load.run(CLIENTS, ms, pid, path.whole());
      if (path.streams().isPresent()) {
        var streams = Load.run(CLIENTS, ms / 2, pid, path.streams().get());
      }
    }
  }

  private void measure() throws IOException, InterruptedException {
    for (Map.Entry<String, Way> entry : paths.entrySet()) {
      String name = entry.getKey();
      Way path = entry.getValue();
      double[] ms = Load.latencies(LATENCIES, path.whole());
      add(name + " p50", ms[ms.length / 2]);
      add(name + " p99", ms[ms.length * 99 / 100]);
      if (path.pid().isEmpty()) {
        continue;
      }
      long pid = path.pid().get();
      Load.Cost whole = Load.run(CLIENTS, MEASURE_MS, pid, path.whole());
      add(name + " request", whole.cpuUs());
      add(name + " requests/s", whole.requests() / whole.seconds());
      if (path.streams().isPresent()) {
        Load.Cost streamed = Load.run(CLIENTS, MEASURE_MS, pid, path.streams().get());
        add(name + " chunk", (streamed.cpuUs() - whole.cpuUs()) / (Workload.STREAM_TOKENS - 1));
      }
    }
  }

  private void add(String figure, double value) {
    System.out.printf("  %-28s %12.3f%n", figure, value);
    figures.computeIfAbsent(figure, f -> new ArrayList<>()).add(value);
  }

  private double figure(String name) {
    return Rows.median(
        figures.getOrDefault(name, List.of()).stream().mapToDouble(d -> d).toArray());
  }

  private void report() {
    rows.head();
    double direct50 = figure("direct p50");
    double direct99 = figure("direct p99");
    for (String proxy : List.of("vertx", "vertx_tls")) {
      boolean floor = proxy.equals("vertx");
      String base = "vertx";
      rows.row(
          proxy + "_cpu_us_per_request",
          figure(proxy + " request"),
          "us",
          floor ? Double.NaN : figure(base + " request"));
      rows.row(
          proxy + "_cpu_us_per_chunk",
          figure(proxy + " chunk"),
          "us",
          floor ? Double.NaN : figure(base + " chunk"));
      rows.row(proxy + "_added_p50_ms", figure(proxy + " p50") - direct50, "ms", direct50);
      rows.row(proxy + "_added_p99_ms", figure(proxy + " p99") - direct99, "ms", direct99);
    }
    for (String proxy : stock) {
      rows.row(
          proxy + "_cpu_us_per_request",
          figure(proxy + " request"),
          "us",
          figure("vertx_tls request"));
      rows.row(
          proxy + "_cpu_us_per_chunk", figure(proxy + " chunk"), "us", figure("vertx_tls chunk"));
      rows.row(proxy + "_p99_ms", figure(proxy + " p99"), "ms", figure("vertx_tls p99"));
    }
    double nginx99 = stock.contains("nginx") ? figure("nginx p99") : Double.NaN;
    double vertx50 = figure("vertx p50") - direct50;
    double vertx99 = figure("vertx p99") - direct99;
    double up50 = figure("upstream p50");
    double up99 = figure("upstream p99");
    for (String way : List.of(STRICT, STRICT + GRPC, LEASED, LEASED + GRPC)) {
      rows.row(
          way + "_cpu_us_per_request", figure(way + " request"), "us", figure("vertx request"));
      if (figures.containsKey(way + " chunk")) {
        rows.row(way + "_cpu_us_per_chunk", figure(way + " chunk"), "us", figure("vertx chunk"));
      }
      rows.row(way + "_added_p50_ms", figure(way + " p50") - up50, "ms", vertx50);
      rows.row(way + "_added_p99_ms", figure(way + " p99") - up99, "ms", vertx99);
      rows.row(way + "_p50_ms", figure(way + " p50"), "ms", figure("vertx p50"));
      rows.row(way + "_p99_ms", figure(way + " p99"), "ms", nginx99);
      rows.row(way + "_requests_s", figure(way + " requests/s"), "1/s", figure("vertx requests/s"));
    }
  }

  private static SSLContext tls(Path authority) throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream in = Files.newInputStream(authority)) {
      store.setCertificateEntry(
          "mesh", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLSv1.3");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }
}
