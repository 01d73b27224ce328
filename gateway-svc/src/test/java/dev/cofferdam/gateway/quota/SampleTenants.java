package dev.cofferdam.gateway.quota;

import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.Burst;
import dev.cofferdam.vocabulary.ConnectionLimits;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantLimits;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/** Tenants for tests. */
public final class SampleTenants {
  private SampleTenants() {}

  /** An active tenant with these limits. */
  public static TenantProfile tenant(
      String id, Tier tier, int inFlight, int requests, long tokens) {
    return tenant(
        id, tier, new TenantLimits(inFlight, requests, tokens, 4_000, 1_000_000_000L, 3), 0);
  }

  /** An active tenant whose clients may have so much of the network. */
  public static TenantProfile tenant(String id, Tier tier, ConnectionLimits connections) {
    return tenant(
        id,
        tier,
        new TenantLimits(
            64,
            600,
            100_000,
            4_000,
            1_000_000_000L,
            3,
            Burst.ofWindow(600),
            Budgets.NONE,
            connections),
        0);
  }

  /** An active tenant to which answers may be given again for a minute. */
  public static TenantProfile remembering(String id) {
    return tenant(
        id, Tier.STANDARD, new TenantLimits(64, 600, 100_000, 4_000, 1_000_000_000L, 3), 60);
  }

  /** The same, also to similar questions. */
  public static TenantProfile likening(String id) {
    return tenant(
        id,
        Tier.STANDARD,
        new TenantLimits(64, 600, 100_000, 4_000, 1_000_000_000L, 3),
        60,
        OptionalDouble.of(0.99),
        0);
  }

  /** An active tenant whose prompts and answers are kept. */
  public static TenantProfile keeping(String id, Tier tier, int seconds) {
    return tenant(
        id,
        tier,
        new TenantLimits(64, 600, 100_000, 4_000, 1_000_000_000L, 3),
        0,
        OptionalDouble.empty(),
        seconds);
  }

  /** An active tenant of whom only a bucket and budgets ask something. */
  public static TenantProfile tenant(String id, Tier tier, Burst burst, Budgets budgets) {
    return tenant(
        id,
        tier,
        new TenantLimits(
            1_000,
            10_000,
            1_000_000,
            4_000,
            1_000_000_000L,
            3,
            burst,
            budgets,
            ConnectionLimits.UNLIMITED),
        0);
  }

  private static TenantProfile tenant(
      String id, Tier tier, TenantLimits limits, int responseCacheSeconds) {
    return tenant(id, tier, limits, responseCacheSeconds, OptionalDouble.empty(), 0);
  }

  private static TenantProfile tenant(
      String id,
      Tier tier,
      TenantLimits limits,
      int responseCacheSeconds,
      OptionalDouble similarityMin,
      int keptSeconds) {
    return new TenantProfile(
        new TenantId(id),
        tier,
        TenantProfile.Status.ACTIVE,
        limits,
        2,
        Set.of(),
        Set.of(),
        Optional.empty(),
        Set.of(WorkloadClass.INTERACTIVE, WorkloadClass.BATCH),
        false,
        false,
        30,
        tier.privacy(),
        responseCacheSeconds,
        similarityMin,
        tier.documents(),
        keptSeconds,
        Optional.empty());
  }
}
