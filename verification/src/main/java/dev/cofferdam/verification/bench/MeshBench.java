package dev.cofferdam.verification.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cofferdam.local.trace.TraceFiles;
import dev.cofferdam.proto.inference.v1.Chat;
import dev.cofferdam.proto.inference.v1.ChatMessage;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.ListModelsRequest;
import dev.cofferdam.proto.inference.v1.SamplingParameters;
import dev.cofferdam.verification.bench.gateway.ControlPath;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Time to first token and tokens per second through the whole running mesh, as a gRPC client sees
 * them, beside the bare engine's where {@code bench engine} left them, and what each hop of a
 * request takes, from its trace. One request at a time, then several; each figure is a median over
 * the runs, after the mesh has been kept busy until its code is compiled.
 *
 * <p>Arguments: state folder (with {@code endpoints.json}, {@code tenants.json}, {@code ca.pem}),
 * output file.
 */
public final class MeshBench {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String QUESTION = "Please explain step by step how to print a return label.";
  private static final long WARM_UP_NS = 30_000_000_000L;
  private static final int WARM_UP_STREAMS = 4;
  private static final int RUNS = 100;
  private static final int OUTPUT_TOKENS = 64;
  private static final int HOP_SAMPLES = 40;
  private static final long SPANS_WAIT_MS = 2_000;

  private final GatewayClient client;
  private final Rows rows = new Rows();

  private MeshBench(GatewayClient client) {
    this.client = client;
  }

  /** Runs it. */
  public static void main(String[] args) throws Exception {
    Path state = Path.of(args[0]);
    Path output = Path.of(args[1]);
    JsonNode endpoints = JSON.readTree(state.resolve("endpoints.json").toFile());
    String apiKey = "";
    for (JsonNode tenant : JSON.readTree(state.resolve("tenants.json").toFile())) {
      if (tenant.path("tier").asText().equals("enterprise")) {
        apiKey = tenant.path("api_key").asText();
      }
    }
    ManagedChannel channel =
        GatewayClient.connect(
            endpoints.path("grpc").asText(), state.resolve("ca.pem"), Optional.empty());
    MeshBench bench = new MeshBench(new GatewayClient(channel, apiKey));
    try {
      bench.run(state.resolve("bench").resolve("engine.json"), state.resolve("traces"));
    } finally {
      channel.shutdownNow();
    }
    CrossingTimes.run(state, bench.rows);
    new ControlPath(state).run(bench.rows);
    bench.rows.write(output);
  }

  private void run(Path engineFile, Path traces) throws Exception {
    System.out.printf("Keeping the mesh busy for %d s%n", WARM_UP_NS / 1_000_000_000);
    long warmUntil = System.nanoTime() + WARM_UP_NS;
    while (System.nanoTime() < warmUntil) {
      double unused = together(WARM_UP_STREAMS);
    }
    double[] call = new double[RUNS];
    List<GatewayClient.Sample> alone = new ArrayList<>();
    for (int i = 0; i < RUNS; i++) {
      long start = System.nanoTime();
      var unused = client.stub().listModels(ListModelsRequest.getDefaultInstance());
      call[i] = (System.nanoTime() - start) / 1e6;
      alone.add(generate());
    }
    double callMs = Rows.median(call);
    double ttftMs = Rows.median(alone.stream().mapToDouble(s -> s.firstToken() / 1e6).toArray());
    double rate =
        Rows.median(
            alone.stream().mapToDouble(GatewayClient.Sample::decodeTokensPerSecond).toArray());
    JsonNode engine =
        Files.exists(engineFile) ? JSON.readTree(engineFile.toFile()) : JSON.createArrayNode();
    rows.head();
    rows.row("authenticated_call", callMs, "ms", Double.NaN);
    rows.row("ttft_mesh", ttftMs, "ms", engineValue(engine, "ttft"));
    rows.row("decode_mesh_1_stream", rate, "tokens/s", engineValue(engine, "decode_batch_1"));
    for (int streams : new int[] {4, 8}) {
      rows.row("throughput_mesh_" + streams + "_streams", together(streams), "tokens/s", rate);
    }
    hops(traces, alone, ttftMs);
  }

  /** What the parts of the time to the first token take; the last row is what no span covers. */
  private void hops(Path traces, List<GatewayClient.Sample> samples, double ttftMs)
      throws IOException, InterruptedException {
    Thread.sleep(SPANS_WAIT_MS);
    List<Hops> hops = new ArrayList<>();
    TraceFiles files = new TraceFiles(traces);
    for (GatewayClient.Sample sample :
        samples.subList(samples.size() - HOP_SAMPLES, samples.size())) {
      Hops.of(files.ofRequest(sample.requestId())).ifPresent(hops::add);
    }
    if (hops.isEmpty()) {
      System.out.println("no complete trace was found: no figures of the hops");
      return;
    }
    double covered = 0;
    for (Hops.Part part : Hops.Part.values()) {
      double ms = Rows.median(hops.stream().mapToDouble(h -> h.ms(part)).toArray());
      covered += ms;
      rows.row("hop_" + part.name().toLowerCase(Locale.ROOT), ms, "ms", ttftMs);
    }
    rows.row("hop_client_and_way_back", ttftMs - covered, "ms", ttftMs);
  }

  private double together(int streams) throws InterruptedException, ExecutionException {
    int each = 6;
    try (ExecutorService pool = Executors.newFixedThreadPool(streams)) {
      List<Callable<Integer>> clients = new ArrayList<>();
      for (int i = 0; i < streams; i++) {
        clients.add(
            () -> {
              int tokens = 0;
              for (int j = 0; j < each; j++) {
                tokens += generate().tokens();
              }
              return tokens;
            });
      }
      long start = System.nanoTime();
      long tokens = 0;
      for (Future<Integer> client : pool.invokeAll(clients)) {
        tokens += client.get();
      }
      return tokens * 1e9 / (System.nanoTime() - start);
    }
  }

  private GatewayClient.Sample generate() {
    GenerateRequest request =
        GenerateRequest.newBuilder()
            .setModel("support-desk")
            .setChat(
                Chat.newBuilder()
                    .addMessages(ChatMessage.newBuilder().setRole("user").setContent(QUESTION)))
            .setSampling(
                SamplingParameters.newBuilder().setTemperature(0).setMaxOutputTokens(OUTPUT_TOKENS))
            .build();
    return client.generate(request);
  }

  private static double engineValue(JsonNode engine, String prefix) {
    for (JsonNode entry : engine) {
      if (entry.path("metric").asText().startsWith(prefix)) {
        return entry.path("value").asDouble(Double.NaN);
      }
    }
    return Double.NaN;
  }
}
