package dev.cofferdam.verification.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.cofferdam.proto.admin.v1.AdminServiceGrpc;
import dev.cofferdam.proto.admin.v1.IssueApiKeyRequest;
import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.proto.admin.v1.PutTenantRequest;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.admin.v1.Tier;
import dev.cofferdam.proto.inference.v1.Chat;
import dev.cofferdam.proto.inference.v1.ChatMessage;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.SamplingParameters;
import io.grpc.ManagedChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * Whether a tenant can tell by the time to the first token that another one sent the same prompt
 * before (the side channel of shared prefix caches), through the whole running mesh. A victim sends
 * prompts; then a stranger sends the same ones and others that nobody sent, and the victim does the
 * same with prompts of its own, all in random order. The stranger must not be able to tell; the
 * victim must, or the experiment could not fail.
 *
 * <p>Arguments: state folder (with {@code endpoints.json}, {@code ca.pem}), output file.
 */
public final class IsolationBench {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PROBES = 600;
  private static final int ROUND = 10;
  private static final int WARM_UP_ROUNDS = 5;
  private static final int PROMPT_WORDS = 120;
  private static final long SETTLE_MS = 300;
  private static final double TELLING_MAX = 0.55;
  private static final long KNOWN_WAIT_MS = 30_000;

  private enum Side {
    FOREIGN_HIT,
    FOREIGN_MISS,
    OWN_HIT,
    OWN_MISS
  }

  private record Probe(Side side, String prompt) {}

  private final GatewayClient victim;
  private final GatewayClient stranger;
  private final Random random;
  private final Map<Side, List<GatewayClient.Sample>> samples = new EnumMap<>(Side.class);
  private final ArrayNode rows = JSON.createArrayNode();

  private IsolationBench(GatewayClient victim, GatewayClient stranger, long seed) {
    this.victim = victim;
    this.stranger = stranger;
    this.random = new Random(seed);
  }

  /** Runs it. */
  public static void main(String[] args) throws Exception {
    Path state = Path.of(args[0]);
    Path output = Path.of(args[1]);
    JsonNode endpoints = JSON.readTree(state.resolve("endpoints.json").toFile());
    String grpc = endpoints.path("grpc").asText();
    JsonNode operator = endpoints.path("operator");
    GatewayClient.Identity identity =
        new GatewayClient.Identity(
            Path.of(operator.path("certificate").asText()), Path.of(operator.path("key").asText()));
    Path ca = state.resolve("ca.pem");
    ManagedChannel admin = GatewayClient.connect(grpc, ca, Optional.of(identity));
    ManagedChannel channel = GatewayClient.connect(grpc, ca, Optional.empty());
    try {
      long seed = System.nanoTime();
      IsolationBench bench =
          new IsolationBench(
              new GatewayClient(channel, newTenant(admin, "victim")),
              new GatewayClient(channel, newTenant(admin, "stranger")),
              seed);
      System.out.println("Seed " + seed);
      bench.run();
      Files.createDirectories(output.toAbsolutePath().getParent());
      JSON.writerWithDefaultPrettyPrinter().writeValue(output.toFile(), bench.rows);
    } finally {
      channel.shutdownNow();
      admin.shutdownNow();
    }
  }

  /** The key of a new tenant whose limits are out of the way. */
  private static String newTenant(ManagedChannel channel, String name) {
    String id = "bench-" + name + "-" + Long.toString(System.nanoTime(), 36);
    var admin = AdminServiceGrpc.newBlockingStub(channel);
    LimitOverrides limits =
        LimitOverrides.newBuilder()
            .setRequestsPerMinute(100_000)
            .setTokensPerMinute(100_000_000)
            .setContextTokensMax(8_000)
            .build();
    var unused =
        admin.putTenant(
            PutTenantRequest.newBuilder()
                .setTenant(
                    Tenant.newBuilder()
                        .setId(id)
                        .setTier(Tier.TIER_STANDARD)
                        .setStatus(TenantStatus.TENANT_STATUS_ACTIVE)
                        .setLimits(limits))
                .build());
    return admin.issueApiKey(IssueApiKeyRequest.newBuilder().setTenant(id).build()).getSecret();
  }

  private void run() throws InterruptedException {
    awaitKnown(victim);
    awaitKnown(stranger);
    for (int round = -WARM_UP_ROUNDS; round < PROBES / ROUND; round++) {
      if (round == 0) {
        samples.clear();
      }
      round();
      if (round > 0 && round % 10 == 0) {
        System.out.printf("%d of %d probes of each kind%n", round * ROUND, PROBES);
      }
    }
    System.out.printf("%-28s %10s %10s%n", "metric", "value", "unit");
    report("foreign", Side.FOREIGN_HIT, Side.FOREIGN_MISS);
    report("own", Side.OWN_HIT, Side.OWN_MISS);
    TwoSamples foreign = compare(Side.FOREIGN_HIT, Side.FOREIGN_MISS);
    TwoSamples own = compare(Side.OWN_HIT, Side.OWN_MISS);
    System.out.printf(
        "A stranger tells a prompt that was sent before %s; its owner does %s%n",
        verdict(foreign, false), verdict(own, true));
  }

  private static String verdict(TwoSamples samples, boolean wanted) {
    double telling = Math.max(samples.telling(), Math.max(samples.auc(), 1 - samples.auc()));
    boolean tells = telling > TELLING_MAX;
    return (tells ? "better than by chance" : "no better than by chance")
        + (tells == wanted ? " (as it should be)" : " (AS IT SHOULD NOT BE)");
  }

  /** A new tenant's key is in force everywhere only after a moment. */
  private void awaitKnown(GatewayClient client) throws InterruptedException {
    long until = System.nanoTime() + KNOWN_WAIT_MS * 1_000_000;
    while (true) {
      try {
        var unused = client.generate(request(prompt()));
        return;
      } catch (io.grpc.StatusRuntimeException e) {
        if (System.nanoTime() > until) {
          throw e;
        }
        Thread.sleep(SETTLE_MS);
      }
    }
  }

  /**
   * The victim sends some prompts, and they settle: blocks in the caches, routers that know of
   * them. Then come the probes, in random order.
   */
  private void round() throws InterruptedException {
    List<Probe> probes = new ArrayList<>();
    for (int i = 0; i < ROUND; i++) {
      for (Side side : Side.values()) {
        probes.add(new Probe(side, prompt()));
      }
    }
    for (Probe probe : probes) {
      if (probe.side() == Side.FOREIGN_HIT || probe.side() == Side.OWN_HIT) {
        var unused = victim.generate(request(probe.prompt()));
      }
    }
    Thread.sleep(SETTLE_MS);
    Collections.shuffle(probes, random);
    for (Probe probe : probes) {
      boolean own = probe.side() == Side.OWN_HIT || probe.side() == Side.OWN_MISS;
      samples
          .computeIfAbsent(probe.side(), s -> new ArrayList<>())
          .add((own ? victim : stranger).generate(request(probe.prompt())));
    }
  }

  /** Words that no other prompt begins with. */
  private String prompt() {
    StringBuilder prompt = new StringBuilder();
    for (int i = 0; i < PROMPT_WORDS; i++) {
      prompt.append(i == 0 ? "" : " ").append(Integer.toString(random.nextInt(36 * 36 * 36), 36));
    }
    return prompt.toString();
  }

  private static GenerateRequest request(String prompt) {
    return GenerateRequest.newBuilder()
        .setModel("support-desk")
        .setChat(
            Chat.newBuilder()
                .addMessages(ChatMessage.newBuilder().setRole("user").setContent(prompt)))
        .setSampling(SamplingParameters.newBuilder().setTemperature(0).setMaxOutputTokens(1))
        .build();
  }

  private void report(String name, Side hit, Side miss) {
    TwoSamples both = compare(hit, miss);
    row(name + "_probes_each", both.hits().length, "");
    row(name + "_ttft_hit_median", median(both.hits()), "ms");
    row(name + "_ttft_miss_median", median(both.misses()), "ms");
    row(name + "_auc", both.auc(), "");
    row(name + "_p_value", both.pValue(), "");
    row(name + "_telling", both.telling(), "");
    row(name + "_hit_cached_tokens", cached(hit), "tokens");
    row(name + "_miss_cached_tokens", cached(miss), "tokens");
  }

  private TwoSamples compare(Side hit, Side miss) {
    return new TwoSamples(timesMs(hit), timesMs(miss));
  }

  private double[] timesMs(Side side) {
    return of(side).stream().mapToDouble(s -> s.firstToken() / 1e6).toArray();
  }

  /** The mean of what answers say, which must be no oracle either. */
  private double cached(Side side) {
    return of(side).stream().mapToInt(GatewayClient.Sample::cachedTokens).average().orElse(0);
  }

  private List<GatewayClient.Sample> of(Side side) {
    return samples.getOrDefault(side, List.of());
  }

  private void row(String metric, double value, String unit) {
    System.out.printf("%-28s %10.4f %10s%n", metric, value, unit);
    rows.addObject().put("metric", metric).put("value", value).put("unit", unit);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
