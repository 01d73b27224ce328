package dev.cofferdam.verification.bench.gateway;

import dev.cofferdam.local.Endpoints;
import dev.cofferdam.local.StateFiles;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.SamplingParameters;
import dev.cofferdam.verification.bench.Rows;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the mesh adds to a worker: CPU of gateway, router and scheduler for each request of one
 * output token, and its time beside that of the same request shown to the worker with a grant.
 */
public final class ControlPath {
  private static final List<String> SERVICES = List.of("gateway", "router", "scheduler");
  private static final int ROUNDS = 5;
  private static final int CLIENTS = 16;
  private static final int LATENCIES = 300;
  private static final long WARM_UP_MS = 15_000;
  private static final int WARM_UPS_MAX = 12;

  /** Of a warm-up's cost beside the one before, from which on it is as good as steady. */
  private static final double STEADY = 0.95;

  private static final long MEASURE_MS = 4_000;
  private static final long IDLE_MS = 2_000;
  private static final int PROMPT_TOKENS = 8;

  private final StateFiles files;
  private final Endpoints endpoints;

  /**
   * @param state the mesh's folder
   */
  public ControlPath(Path state) {
    this.files = new StateFiles(state);
    this.endpoints =
        files.endpoints().orElseThrow(() -> new IllegalStateException("no mesh runs in " + state));
  }

  /** Measures, and adds the figures to others. */
  public void run(Rows rows) throws IOException, InterruptedException {
    TlsFiles operator =
        new TlsFiles(
            Path.of(String.valueOf(endpoints.operator().get("certificate"))),
            Path.of(String.valueOf(endpoints.operator().get("key"))),
            files.authority());
    List<String> keys = BenchTenants.make(endpoints.grpc(), operator, CLIENTS);
    ManagedChannel channel = GrpcLane.channel(endpoints.grpc(), files.authority());
    Path pki = files.folder().resolve("pki");
    TlsFiles gateway =
        new TlsFiles(pki.resolve("gateway.pem"), pki.resolve("gateway.key"), files.authority());
    try (MeshChannels inside = new MeshChannels(gateway)) {
      Lane.Opener mesh = n -> new GrpcLane(channel, keys.get(n), request());
      UpstreamLane direct = new UpstreamLane(inside, router(), "bench-0", PROMPT_TOKENS, 1);
      GatewayCost.await(mesh, CLIENTS);
      warmUp(mesh);
      measure(rows, mesh, direct);
    } finally {
      channel.shutdownNow();
    }
  }

  /** Compilers have much to do with a request's cost for minutes: until it falls no more. */
  private void warmUp(Lane.Opener mesh) throws IOException, InterruptedException {
    double before = Double.MAX_VALUE;
    for (int i = 0; i < WARM_UPS_MAX; i++) {
      double now = busy(WARM_UP_MS, mesh).sum();
      System.out.printf("Keeping the control path busy: %.0f us of CPU for a request%n", now);
      if (now > before * STEADY) {
        return;
      }
      before = now;
    }
  }

  private void measure(Rows rows, Lane.Opener mesh, UpstreamLane direct)
      throws IOException, InterruptedException {
    Map<String, List<Double>> figures = new LinkedHashMap<>();
    for (int round = 0; round < ROUNDS; round++) {
      double[] through = Load.latencies(LATENCIES, mesh);
      double[] beside = direct(direct);
      add(figures, "added", through[LATENCIES / 2] - beside[LATENCIES / 2]);
      add(figures, "direct", beside[LATENCIES / 2]);
      add(figures, "idle", idle());
      Busy busy = busy(MEASURE_MS, mesh);
      busy.cpuUs().forEach((service, us) -> add(figures, service, us));
      add(figures, "sum", busy.sum());
      add(figures, "rate", busy.rate());
    }
    rows.row("control_path_cpu_us", figure(figures, "sum"), "us", Double.NaN);
    for (String service : SERVICES) {
      rows.row(
          "control_path_cpu_us_" + service, figure(figures, service), "us", figure(figures, "sum"));
    }
    rows.row("control_path_idle_cpu_us_s", figure(figures, "idle"), "us/s", Double.NaN);
    rows.row(
        "control_path_added_p50_ms", figure(figures, "added"), "ms", figure(figures, "direct"));
    rows.row("mesh_requests_s", figure(figures, "rate"), "1/s", Double.NaN);
  }

  /**
   * What a load cost.
   *
   * @param cpuUs microseconds of CPU for each request, by service
   * @param rate requests per second
   */
  private record Busy(Map<String, Double> cpuUs, double rate) {
    double sum() {
      return cpuUs.values().stream().mapToDouble(us -> us).sum();
    }
  }

  private Busy busy(long ms, Lane.Opener mesh) throws IOException, InterruptedException {
    Map<String, Duration> before = cpu();
    Load.Cost load = Load.run(CLIENTS, ms, gatewayPid(), mesh);
    Map<String, Double> us = new LinkedHashMap<>();
    used(before)
        .forEach((service, used) -> us.put(service, used.toNanos() / 1e3 / load.requests()));
    return new Busy(us, load.requests() / load.seconds());
  }

  /** Microseconds of CPU in a second in which nobody asks anything. */
  private double idle() throws InterruptedException {
    Map<String, Duration> before = cpu();
    Thread.sleep(IDLE_MS);
    return used(before).values().stream().mapToDouble(Duration::toNanos).sum() / IDLE_MS;
  }

  private Map<String, Duration> used(Map<String, Duration> before) {
    Map<String, Duration> used = new LinkedHashMap<>();
    cpu()
        .forEach(
            (service, now) ->
                used.put(service, now.minus(before.getOrDefault(service, Duration.ZERO))));
    return used;
  }

  /** The worker's own time, with grants that are asked for before the clock starts. */
  private static double[] direct(UpstreamLane lane) throws IOException {
    double[] ms = new double[LATENCIES];
    for (int i = 0; i < LATENCIES; i++) {
      UpstreamLane.Placed placed = lane.place();
      long start = System.nanoTime();
      lane.generate(placed);
      ms[i] = (System.nanoTime() - start) / 1e6;
    }
    Arrays.sort(ms);
    return ms;
  }

  private static void add(Map<String, List<Double>> figures, String name, double value) {
    figures.computeIfAbsent(name, f -> new ArrayList<>()).add(value);
  }

  private static double figure(Map<String, List<Double>> figures, String name) {
    return Rows.median(
        figures.getOrDefault(name, List.of()).stream().mapToDouble(d -> d).toArray());
  }

  /** A text of as many tokens as the direct request has; no chat template adds to it. */
  private static GenerateRequest request() {
    return GenerateRequest.newBuilder()
        .setModel("support-desk")
        .setPrompt("How do I return my order please")
        .setSampling(SamplingParameters.newBuilder().setTemperature(0).setMaxOutputTokens(1))
        .build();
  }

  private String router() {
    return "127.0.0.1:" + files.ports().getOrDefault("router", 0);
  }

  private Map<String, StateFiles.Identity> processes() {
    return files.running().orElseThrow(() -> new IllegalStateException("no mesh runs")).processes();
  }

  private long gatewayPid() {
    StateFiles.Identity gateway = processes().get("gateway");
    if (gateway == null) {
      throw new IllegalStateException("no process gateway");
    }
    return gateway.pid();
  }

  /** By service, of all of its processes: one of two schedulers leads. */
  private Map<String, Duration> cpu() {
    Map<String, Duration> used = new LinkedHashMap<>();
    processes()
        .forEach(
            (name, process) ->
                SERVICES.stream()
                    .filter(service -> name.equals(service) || name.startsWith(service + "-"))
                    .forEach(
                        service -> used.merge(service, Load.cpu(process.pid()), Duration::plus)));
    if (!used.keySet().containsAll(SERVICES)) {
      throw new IllegalStateException("no process of one of " + SERVICES);
    }
    return used;
  }
}
