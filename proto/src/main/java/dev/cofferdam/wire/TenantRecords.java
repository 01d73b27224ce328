package dev.cofferdam.wire;

import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.vocabulary.Budgets;
import dev.cofferdam.vocabulary.Burst;
import dev.cofferdam.vocabulary.ConnectionLimits;
import dev.cofferdam.vocabulary.DocumentLimits;
import dev.cofferdam.vocabulary.PersonalData;
import dev.cofferdam.vocabulary.PrivacyPolicy;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantLimits;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;

/** Tenant records of the configuration topic as profiles with the tier's defaults applied. */
public final class TenantRecords {
  private static final int BURST_LEAST = 30;

  /** Above what different questions of one sentence reach: see the gateway's README. */
  private static final double SIMILARITY_MIN = 0.99;

  private TenantRecords() {}

  /**
   * The profile of a record.
   *
   * @throws IllegalArgumentException where the record does not hold, naming the field
   */
  public static TenantProfile profile(Tenant record) {
    TenantId id = new TenantId(record.getId());
    if (id.equals(TenantId.PUBLIC)) {
      throw new IllegalArgumentException("id: " + id + " is reserved");
    }
    Tier tier = tier(record.getTier());
    TenantProfile.Status status = status(record.getStatus());
    TenantLimits limits = limits(tier.limits(), record.getLimits(), record.getRateCard());
    if (status == TenantProfile.Status.THROTTLED) {
      limits = throttled(limits, record.getThrottleShare());
    }
    int level =
        record.getIsolationLevel() == 0 ? tier.isolationLevel() : record.getIsolationLevel();
    if (level < 1 || level > 5) {
      throw new IllegalArgumentException("isolation_level: " + level + " (expected: 1 to 5)");
    }
    return new TenantProfile(
        id,
        tier,
        status,
        limits,
        level,
        Set.copyOf(record.getModelsAllowedList()),
        Set.copyOf(record.getPoolsAllowedList()),
        text(record.getDedicatedPool()),
        classes(record),
        record.hasClientCertificateRequired()
            ? record.getClientCertificateRequired()
            : tier.clientCertificateRequired(),
        tier.kvEncrypted(),
        record.getRetentionDays() == 0 ? tier.retentionDays() : record.getRetentionDays(),
        privacy(record.getPrivacy(), tier.privacy()),
        record.getResponseCacheSeconds(),
        similarityMin(record),
        documents(record.getDocuments(), tier.documents()),
        record.getPromptStorageSeconds(),
        text(record.getDefaultModel()));
  }

  /** The tier of a record's field. */
  public static Tier tier(dev.cofferdam.proto.admin.v1.Tier tier) {
    return switch (tier) {
      case TIER_FREE -> Tier.FREE;
      case TIER_STANDARD -> Tier.STANDARD;
      case TIER_ENTERPRISE -> Tier.ENTERPRISE;
      default ->
          throw new IllegalArgumentException(
              "tier: missing (expected: free, standard or enterprise)");
    };
  }

  /** The class of a field; the given default where it is unspecified. */
  public static WorkloadClass workloadClass(
      dev.cofferdam.proto.inference.v1.WorkloadClass value, WorkloadClass unspecified) {
    return switch (value) {
      case WORKLOAD_CLASS_INTERACTIVE -> WorkloadClass.INTERACTIVE;
      case WORKLOAD_CLASS_STANDARD -> WorkloadClass.STANDARD;
      case WORKLOAD_CLASS_BATCH -> WorkloadClass.BATCH;
      case WORKLOAD_CLASS_UNSPECIFIED -> unspecified;
      case UNRECOGNIZED -> throw new IllegalArgumentException("workload_class: unknown value");
    };
  }

  /** The field of a class. */
  public static dev.cofferdam.proto.inference.v1.WorkloadClass workloadClass(WorkloadClass value) {
    return switch (value) {
      case INTERACTIVE -> dev.cofferdam.proto.inference.v1.WorkloadClass.WORKLOAD_CLASS_INTERACTIVE;
      case STANDARD -> dev.cofferdam.proto.inference.v1.WorkloadClass.WORKLOAD_CLASS_STANDARD;
      case BATCH -> dev.cofferdam.proto.inference.v1.WorkloadClass.WORKLOAD_CLASS_BATCH;
    };
  }

  private static TenantProfile.Status status(TenantStatus status) {
    return switch (status) {
      case TENANT_STATUS_ACTIVE -> TenantProfile.Status.ACTIVE;
      case TENANT_STATUS_THROTTLED -> TenantProfile.Status.THROTTLED;
      case TENANT_STATUS_SUSPENDED -> TenantProfile.Status.SUSPENDED;
      default ->
          throw new IllegalArgumentException(
              "status: missing (expected: active, throttled or suspended)");
    };
  }

  private static TenantLimits limits(TenantLimits defaults, LimitOverrides o, String rateCard) {
    int requestsPerMinute =
        o.hasRequestsPerMinute() ? o.getRequestsPerMinute() : defaults.requestsPerMinute();
    return new TenantLimits(
        o.hasConcurrentRequests() ? o.getConcurrentRequests() : defaults.concurrentRequests(),
        requestsPerMinute,
        o.hasTokensPerMinute() ? o.getTokensPerMinute() : defaults.tokensPerMinute(),
        o.hasContextTokensMax() ? o.getContextTokensMax() : defaults.contextTokensMax(),
        o.hasKvBytesMax() ? o.getKvBytesMax() : defaults.kvBytesMax(),
        o.hasPriority() ? o.getPriority() : defaults.priority(),
        burst(defaults, o, requestsPerMinute),
        budgets(defaults.budgets(), o, rateCard),
        connections(defaults.connections(), o));
  }

  private static ConnectionLimits connections(ConnectionLimits defaults, LimitOverrides o) {
    return new ConnectionLimits(
        o.hasConnections() ? o.getConnections() : defaults.connections(),
        o.hasKeepaliveSeconds() ? o.getKeepaliveSeconds() : defaults.keepaliveSeconds(),
        o.hasStreamBitsPerSecond() ? o.getStreamBitsPerSecond() : defaults.bitsPerSecond());
  }

  /** The tier's bucket, for the tier's window; that of another window is as much wider. */
  private static Burst burst(TenantLimits defaults, LimitOverrides o, int requestsPerMinute) {
    Burst scaled =
        scaled(
            defaults.burst(),
            (double) requestsPerMinute / defaults.requestsPerMinute(),
            requestsPerMinute);
    return new Burst(
        o.hasBurstRequests() ? o.getBurstRequests() : scaled.requests(),
        o.hasBurstPerMinute() ? o.getBurstPerMinute() : scaled.requestsPerMinute());
  }

  /** A part of a bucket; one in front of a small window lets the whole window through at once. */
  private static Burst scaled(Burst burst, double share, int requestsPerMinute) {
    int atOnce = Math.min(requestsPerMinute, BURST_LEAST);
    return new Burst(
        Math.max(atOnce, scaled(burst.requests(), share)),
        scaled(burst.requestsPerMinute(), share));
  }

  private static Budgets budgets(Budgets defaults, LimitOverrides o, String rateCard) {
    return new Budgets(
        o.hasDailyTokens() ? budget(o.getDailyTokens()) : defaults.dailyTokens(),
        o.hasMonthlyTokens() ? budget(o.getMonthlyTokens()) : defaults.monthlyTokens(),
        o.hasDailyCostMicros() ? budget(o.getDailyCostMicros()) : defaults.dailyMicros(),
        o.hasMonthlyCostMicros() ? budget(o.getMonthlyCostMicros()) : defaults.monthlyMicros(),
        o.hasBudgetHardStop() ? o.getBudgetHardStop() : defaults.hardStop(),
        rateCard.isEmpty() ? Budgets.DEFAULT_RATE_CARD : rateCard);
  }

  private static OptionalLong budget(long value) {
    return value == 0 ? OptionalLong.empty() : OptionalLong.of(value);
  }

  private static TenantLimits throttled(TenantLimits limits, double share) {
    if (!(share > 0 && share <= 1)) {
      throw new IllegalArgumentException("throttle_share: " + share + " (expected: in (0, 1])");
    }
    int requestsPerMinute = scaled(limits.requestsPerMinute(), share);
    Burst burst = scaled(limits.burst(), share, requestsPerMinute);
    return new TenantLimits(
        limits.concurrentRequests(),
        requestsPerMinute,
        Math.max(1, (long) (limits.tokensPerMinute() * share)),
        limits.contextTokensMax(),
        limits.kvBytesMax(),
        limits.priority(),
        new Burst(Math.min(limits.burst().requests(), burst.requests()), burst.requestsPerMinute()),
        limits.budgets(),
        limits.connections());
  }

  private static int scaled(int value, double share) {
    return Math.max(1, (int) (value * share));
  }

  private static PrivacyPolicy privacy(
      dev.cofferdam.proto.admin.v1.PrivacyPolicy policy, PrivacyPolicy tier) {
    PrivacyPolicy.Mode mode =
        switch (policy.getMode()) {
          case PRIVACY_MODE_UNSPECIFIED -> tier.mode();
          case PRIVACY_MODE_OFF -> PrivacyPolicy.Mode.OFF;
          case PRIVACY_MODE_MASK -> PrivacyPolicy.Mode.MASK;
          case PRIVACY_MODE_REFUSE -> PrivacyPolicy.Mode.REFUSE;
          case UNRECOGNIZED -> throw new IllegalArgumentException("privacy.mode: unknown value");
        };
    return PrivacyPolicy.of(
        mode,
        policy.getKindsList().stream().map(TenantRecords::personalData).toList(),
        text(policy.getPhoneRegion()));
  }

  private static DocumentLimits documents(
      dev.cofferdam.proto.admin.v1.DocumentLimits o, DocumentLimits defaults) {
    return new DocumentLimits(
        o.hasCountMax() ? o.getCountMax() : defaults.countMax(),
        o.hasBytesMax() ? o.getBytesMax() : defaults.bytesMax(),
        o.hasDocumentBytesMax() ? o.getDocumentBytesMax() : defaults.documentBytesMax(),
        o.getLanguage().isEmpty() ? defaults.language() : o.getLanguage());
  }

  private static OptionalDouble similarityMin(Tenant record) {
    double wanted = record.getSimilarResponses().getSimilarityMin();
    return record.hasSimilarResponses()
        ? OptionalDouble.of(wanted == 0 ? SIMILARITY_MIN : wanted)
        : OptionalDouble.empty();
  }

  private static PersonalData personalData(dev.cofferdam.proto.admin.v1.PersonalData kind) {
    return switch (kind) {
      case PERSONAL_DATA_KEY_MATERIAL -> PersonalData.KEY_MATERIAL;
      case PERSONAL_DATA_IBAN -> PersonalData.IBAN;
      case PERSONAL_DATA_CARD -> PersonalData.CARD;
      case PERSONAL_DATA_EMAIL -> PersonalData.EMAIL;
      case PERSONAL_DATA_SSN -> PersonalData.SSN;
      case PERSONAL_DATA_IP_ADDRESS -> PersonalData.IP_ADDRESS;
      case PERSONAL_DATA_PHONE -> PersonalData.PHONE;
      default -> throw new IllegalArgumentException("privacy.kinds: unknown value");
    };
  }

  private static Set<WorkloadClass> classes(Tenant record) {
    Set<WorkloadClass> classes = new LinkedHashSet<>();
    for (var value : record.getWorkloadClassesAllowedList()) {
      classes.add(workloadClass(value, WorkloadClass.INTERACTIVE));
    }
    return classes.isEmpty() ? Set.of(WorkloadClass.INTERACTIVE, WorkloadClass.STANDARD) : classes;
  }

  private static Optional<String> text(String value) {
    return value.isEmpty() ? Optional.empty() : Optional.of(value);
  }
}
