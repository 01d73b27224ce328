package dev.cofferdam.gateway.dispatch;

import dev.cofferdam.gateway.identity.Identity;
import dev.cofferdam.gateway.privacy.Masking;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.prompt.SampleFormats;
import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.gateway.quota.SampleTenants;
import dev.cofferdam.gateway.tenancy.ModelEntry;
import dev.cofferdam.vocabulary.ConnectionLimits;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.Tier;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.List;
import java.util.Optional;

/** Generations and placements for tests. */
public final class Samples {
  public static final ModelEntry MODEL =
      new ModelEntry(
          "support-desk", "support-desk", "d".repeat(64), 8_192, 1_536, false, 1_700_000_000L);
  public static final LimitState LIMITS = new LimitState(600, 599, 100, 100_000, 99_000, 600);
  public static final int EOT = 4095;

  private Samples() {}

  public static Identity identity(Tier tier) {
    return identity("harbor-books", tier, ConnectionLimits.UNLIMITED);
  }

  /** A caller of a tenant whose clients may have so much of the network. */
  public static Identity identity(String tenant, Tier tier, ConnectionLimits connections) {
    return new Identity(SampleTenants.tenant(tenant, tier, connections), "key:k1", "k1");
  }

  /** A caller whose prompts and answers are kept. */
  public static Identity keeping(String tenant, Tier tier, int seconds) {
    return new Identity(SampleTenants.keeping(tenant, tier, seconds), "key:k1", "k1");
  }

  public static Generation generation(Tier tier, int outputTokensMax, String... stops) {
    return generation(identity(tier), outputTokensMax, stops);
  }

  /** A generation of a tenant to which answers may be given again. */
  public static Generation recallable(String tenant, String... stops) {
    return generation(new Identity(SampleTenants.remembering(tenant), "key:k1", "k1"), 100, stops);
  }

  /** A request for an embedding. */
  public static Generation embedding() {
    return generation(Operation.EMBED, identity(Tier.STANDARD), 0);
  }

  /** A generation whose input is kept. */
  public static Generation kept(Identity identity, String input) {
    Generation g = generation(identity, 100);
    return new Generation(
        g.operation(),
        g.id(),
        identity,
        g.sourceIp(),
        g.model(),
        g.adapter(),
        g.format(),
        g.promptTokens(),
        g.promptHmac(),
        List.of(),
        List.of(new ChatMessage("user", input)),
        g.masking(),
        g.sampling(),
        g.outputTokensMax(),
        g.stops(),
        g.workloadClass(),
        g.deadlineEpochMs(),
        Optional.empty());
  }

  /** A question of a tenant to which answers to similar ones may be given. */
  public static Generation asking(String tenant, String question, String... rest) {
    Identity identity = likening(tenant);
    Generation g = generation(identity, 100);
    int[] tokens = SampleFormats.SUPPORT_DESK.ofText(question);
    return new Generation(
        g.operation(),
        g.id(),
        identity,
        g.sourceIp(),
        g.model(),
        g.adapter(),
        g.format(),
        SampleFormats.SUPPORT_DESK.ofText(question + " " + String.join(" ", rest)),
        g.promptHmac(),
        List.of(),
        List.of(),
        g.masking(),
        g.sampling(),
        g.outputTokensMax(),
        g.stops(),
        g.workloadClass(),
        g.deadlineEpochMs(),
        Optional.of(
            new Likeness(tokens, List.of(rest), identity.tenant().similarityMin().orElseThrow())));
  }

  /** A caller to whom answers to similar questions may be given. */
  public static Identity likening(String tenant) {
    return new Identity(SampleTenants.likening(tenant), "key:k1", "k1");
  }

  static Generation generation(Identity identity, int outputTokensMax, String... stops) {
    return generation(Operation.GENERATE, identity, outputTokensMax, stops);
  }

  private static Generation generation(
      Operation operation, Identity identity, int outputTokensMax, String... stops) {
    return new Generation(
        operation,
        RequestId.random(),
        identity,
        "127.0.0.1",
        MODEL,
        Optional.empty(),
        SampleFormats.SUPPORT_DESK,
        SampleFormats.SUPPORT_DESK.ofText("Where is my parcel?"),
        new byte[32],
        List.of(),
        List.of(),
        Masking.NONE,
        new Sampling(0, 1, 0, 0, Sampling.Penalties.NONE, 7, -1),
        outputTokensMax,
        List.of(stops),
        WorkloadClass.INTERACTIVE,
        Long.MAX_VALUE / 2,
        Optional.empty());
  }

  public static Placement placement(String worker) {
    return new Placement(
        worker, "127.0.0.1:1", "", "shared", 5, List.of("affinity 1 1 cached"), new byte[0]);
  }

  /** Tokens of a text, without the begin of text. */
  public static int[] tokens(String text) {
    int[] all = SampleFormats.SUPPORT_DESK.ofText(text);
    return java.util.Arrays.copyOfRange(all, 1, all.length);
  }
}
