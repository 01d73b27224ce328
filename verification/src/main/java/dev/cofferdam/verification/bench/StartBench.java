package dev.cofferdam.verification.bench;

import dev.cofferdam.local.LocalMesh;
import dev.cofferdam.local.LocalOptions;
import dev.cofferdam.local.SampleTenant;
import dev.cofferdam.local.services.AotTraining;
import dev.cofferdam.local.services.Launch;
import dev.cofferdam.local.services.ServiceKind;
import dev.cofferdam.local.services.ServicePrograms;
import dev.cofferdam.proto.inference.v1.Chat;
import dev.cofferdam.proto.inference.v1.ChatMessage;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.SamplingParameters;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What a service costs on the JVM, on the JVM with an AOT cache, and as a native executable: time
 * and processor time from its start until it is ready, memory (resident set) then and after
 * requests, and processor time for a request. Each way runs a mesh of its own; what is not built is
 * left out, and said. The baseline is the plain JVM of the same run.
 *
 * <p>Arguments: repository, folder for the mesh, file for the results.
 */
public final class StartBench {
  private static final int ROUNDS = 3;
  private static final int STREAMS = 4;
  private static final int REQUESTS = 400;
  private static final int OUTPUT_TOKENS = 32;
  private static final int READY_TRIES = 100;
  private static final Duration WARM_UP = Duration.ofSeconds(20);
  private static final String QUESTION = "Please explain step by step how to print a return label.";

  private final Rows rows = new Rows();
  private final Map<String, Double> baselines = new HashMap<>();

  private StartBench() {}

  /** Runs it. */
  public static void main(String[] args) throws Exception {
    Path repository = Path.of(args[0]);
    Path folder = Path.of(args[1]);
    StartBench bench = new StartBench();
    bench.rows.head();
    for (Launch launch : List.of(Launch.JVM, Launch.CACHED, Launch.NATIVE)) {
      List<ServiceKind> built = built(new ServicePrograms(repository, folder, launch));
      if (built.isEmpty()) {
        System.out.printf("%s: nothing is built for it, left out%n", label(launch));
      } else {
        bench.measure(repository, folder, launch, built);
      }
    }
    bench.rows.write(Path.of(args[2]));
    System.exit(0);
  }

  private static List<ServiceKind> built(ServicePrograms programs) {
    return List.of(ServiceKind.values()).stream().filter(programs::isBuilt).toList();
  }

  private void measure(Path repository, Path folder, Launch launch, List<ServiceKind> built)
      throws Exception {
    LocalOptions options = LocalOptions.of(repository).withLaunch(launch);
    long began = System.nanoTime();
    try (LocalMesh mesh = LocalMesh.start(folder, options)) {
      row("mesh", "start", launch, (System.nanoTime() - began) / 1e6, "ms");
      List<String> processes =
          AotTraining.processes().stream()
              .filter(process -> built.contains(ServiceKind.ofProcess(process)))
              .toList();
      for (String process : processes) {
        double[] startMs = new double[ROUNDS];
        double[] cpuMs = new double[ROUNDS];
        double[] memoryMb = new double[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
          mesh.stopProcess(process);
          long started = System.nanoTime();
          mesh.startProcess(process);
          startMs[i] = (System.nanoTime() - started) / 1e6;
          cpuMs[i] = cpuNs(mesh, process) / 1e6;
          memoryMb[i] = residentMb(mesh, process);
        }
        row(process, "start", launch, Rows.median(startMs), "ms");
        row(process, "start_cpu", launch, Rows.median(cpuMs), "ms");
        row(process, "rss_ready", launch, Rows.median(memoryMb), "MB");
      }
      requests(mesh, processes, launch);
    }
  }

  private void requests(LocalMesh mesh, List<String> processes, Launch launch) throws Exception {
    SampleTenant tenant =
        mesh.tenants().stream()
            .filter(t -> t.tier().equals("enterprise"))
            .findFirst()
            .orElseThrow();
    ManagedChannel channel =
        GatewayClient.connect(mesh.endpoints().grpc(), mesh.files().authority(), Optional.empty());
    try {
      GatewayClient client = new GatewayClient(channel, tenant.apiKey());
      awaitServed(client);
      long warmUntil = System.nanoTime() + WARM_UP.toNanos();
      while (System.nanoTime() < warmUntil) {
        double unused = generate(client, STREAMS);
      }
      Map<String, Long> before = new HashMap<>();
      for (String process : processes) {
        before.put(process, cpuNs(mesh, process));
      }
      row("mesh", "requests", launch, generate(client, REQUESTS), "1/s");
      for (String process : processes) {
        double ms = (cpuNs(mesh, process) - before.getOrDefault(process, 0L)) / 1e6 / REQUESTS;
        row(process, "cpu", launch, ms, "ms/request");
        row(process, "rss", launch, residentMb(mesh, process), "MB");
      }
    } finally {
      channel.shutdownNow();
    }
  }

  /** Services that were started anew find each other within seconds. */
  private static void awaitServed(GatewayClient client) throws InterruptedException {
    for (int i = 0; i < READY_TRIES; i++) {
      try {
        var unused = client.generate(request());
        return;
      } catch (RuntimeException e) {
        Thread.sleep(100);
      }
    }
    throw new IllegalStateException("nothing is served after the restarts");
  }

  /** Requests per second. */
  private static double generate(GatewayClient client, int requests) throws Exception {
    try (ExecutorService pool = Executors.newFixedThreadPool(STREAMS)) {
      List<Callable<GatewayClient.Sample>> calls = new ArrayList<>();
      for (int i = 0; i < requests; i++) {
        calls.add(() -> client.generate(request()));
      }
      long start = System.nanoTime();
      for (Future<GatewayClient.Sample> call : pool.invokeAll(calls)) {
        var unused = call.get();
      }
      return requests * 1e9 / (System.nanoTime() - start);
    }
  }

  private static GenerateRequest request() {
    return GenerateRequest.newBuilder()
        .setModel("support-desk")
        .setChat(
            Chat.newBuilder()
                .addMessages(ChatMessage.newBuilder().setRole("user").setContent(QUESTION)))
        .setSampling(
            SamplingParameters.newBuilder().setTemperature(0).setMaxOutputTokens(OUTPUT_TOKENS))
        .build();
  }

  private void row(String what, String figure, Launch launch, double value, String unit) {
    String of = what + "_" + figure;
    if (launch == Launch.JVM) {
      baselines.put(of, value);
    }
    rows.row(of + "_" + label(launch), value, unit, baselines.getOrDefault(of, Double.NaN));
  }

  private static String label(Launch launch) {
    return launch == Launch.CACHED ? "aot" : launch.name().toLowerCase(Locale.ROOT);
  }

  private static long pid(LocalMesh mesh, String process) {
    return mesh.process(process).pid().orElseThrow();
  }

  private static double residentMb(LocalMesh mesh, String process) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + pid(mesh, process) + "/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")) * 1024 / 1e6)
        .findFirst()
        .orElseThrow();
  }

  private static long cpuNs(LocalMesh mesh, String process) {
    return ProcessHandle.of(pid(mesh, process))
        .flatMap(handle -> handle.info().totalCpuDuration())
        .orElseThrow()
        .toNanos();
  }
}
