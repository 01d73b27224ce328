package dev.cofferdam.gateway.admin;

import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.DocumentLimits;
import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.NodeCost;
import dev.cofferdam.proto.admin.v1.PersonalData;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.PrivacyMode;
import dev.cofferdam.proto.admin.v1.PrivacyPolicy;
import dev.cofferdam.proto.admin.v1.ShadowTraffic;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.admin.v1.Tier;
import dev.cofferdam.proto.inference.v1.WorkloadClass;
import java.util.List;
import java.util.regex.Pattern;

/** What records must hold before they are written. */
public final class RecordRules {
  private static final Pattern TENANT = Pattern.compile("[a-z0-9-]{1,63}");
  private static final Pattern TENANT_OR_NONE = Pattern.compile("([a-z0-9-]{1,63})?");
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
  private static final Pattern NAME_OR_NONE =
      Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]{0,127})?");
  private static final Pattern DIGEST_OR_NONE = Pattern.compile("([0-9a-f]{64})?");

  private static final Pattern REGION_OR_NONE = Pattern.compile("([A-Z]{2})?");

  /** Those that PostgreSQL 14 to 18 have. */
  private static final Pattern LANGUAGE_OR_NONE =
      Pattern.compile(
          "(simple|arabic|armenian|basque|catalan|danish|dutch|english|finnish|french|german|greek"
              + "|hindi|hungarian|indonesian|irish|italian|lithuanian|nepali|norwegian|portuguese"
              + "|romanian|russian|serbian|spanish|swedish|tamil|turkish|yiddish)?");

  /** Bounds the limiter's memory: it keeps an entry for each request of a window. */
  private static final int REQUESTS_PER_MINUTE_MAX = 100_000;

  private static final int BURST_PER_MINUTE_MAX = 6_000_000;
  private static final int CONCURRENT_REQUESTS_MAX = 10_000;
  private static final long TOKENS_PER_MINUTE_MAX = 1_000_000_000_000L;
  private static final int CONTEXT_TOKENS_MAX = 16 << 20;
  private static final long KV_BYTES_PER_TOKEN_MAX = 1L << 30;
  private static final int PRIORITY_MAX = 100;
  private static final int CONNECTIONS_MAX = 100_000;
  private static final int KEEPALIVE_SECONDS_MAX = 3_600;

  /** So that a tenant's streams, each in turn, never wait as long as a reader may stall. */
  private static final long STREAM_BITS_PER_SECOND_LEAST = 64_000;

  private static final int RETENTION_DAYS_MAX = 3_660;
  private static final int RESPONSE_CACHE_SECONDS_MAX = 30 * 86_400;

  /** Unrelated questions come close to it. */
  private static final double SIMILARITY_LEAST = 0.9;

  private static final int PROMPT_STORAGE_SECONDS_MAX = 366 * 86_400;
  private static final int DOCUMENTS_MAX = 100_000;
  private static final long DOCUMENTS_BYTES_MAX = 1L << 30;

  /** A document comes in one body. */
  private static final int DOCUMENT_BYTES_MAX = 4 << 20;

  private static final int LIST_MAX = 1_000;

  /** Redis' scripts count in doubles, which hold whole numbers up to 2^53. */
  private static final long BUDGET_MAX = 1_000_000_000_000_000L;

  private static final int NODES_MAX = 100_000;

  private RecordRules() {}

  /** The problems of a tenant's record. */
  public static Problems check(Tenant t) {
    Problems problems = new Problems();
    problems.form("id", t.getId(), TENANT);
    problems.form("namespace", t.getNamespace(), TENANT_OR_NONE);
    tier(problems, "tier", t.getTier());
    problems.range("isolation_level", t.getIsolationLevel(), 0, 5);
    if (t.getStatus() == TenantStatus.TENANT_STATUS_UNSPECIFIED
        || t.getStatus() == TenantStatus.UNRECOGNIZED) {
      problems.add("status", "", "active, throttled or suspended");
    }
    double share = t.getThrottleShare();
    boolean needed = t.getStatus() == TenantStatus.TENANT_STATUS_THROTTLED;
    if ((needed || share != 0) && !(share > 0 && share <= 1)) {
      problems.add("throttle_share", share, "in (0, 1]");
    }
    limits(problems, t.getLimits());
    names(problems, "models_allowed", t.getModelsAllowedList());
    names(problems, "pools_allowed", t.getPoolsAllowedList());
    problems.form("dedicated_pool", t.getDedicatedPool(), NAME_OR_NONE);
    problems.form("default_model", t.getDefaultModel(), NAME_OR_NONE);
    classes(problems, "workload_classes_allowed", t.getWorkloadClassesAllowedList());
    problems.range("retention_days", t.getRetentionDays(), 0, RETENTION_DAYS_MAX);
    privacy(problems, t.getPrivacy());
    problems.range(
        "response_cache_seconds", t.getResponseCacheSeconds(), 0, RESPONSE_CACHE_SECONDS_MAX);
    similarResponses(problems, t);
    documents(problems, t.getDocuments());
    problems.range(
        "prompt_storage_seconds", t.getPromptStorageSeconds(), 0, PROMPT_STORAGE_SECONDS_MAX);
    problems.form("rate_card", t.getRateCard(), NAME_OR_NONE);
    problems.range("pinned_replicas", t.getPinnedReplicas(), 0, LIST_MAX);
    return problems;
  }

  private static void similarResponses(Problems problems, Tenant t) {
    double least = t.getSimilarResponses().getSimilarityMin();
    if (least != 0 && !(least >= SIMILARITY_LEAST && least <= 1)) {
      problems.add("similar_responses.similarity_min", least, "0 or " + SIMILARITY_LEAST + " to 1");
    }
    if (t.hasSimilarResponses() && t.getResponseCacheSeconds() == 0) {
      problems.add("response_cache_seconds", 0, "more than 0, as similar_responses is set");
    }
  }

  private static void documents(Problems problems, DocumentLimits d) {
    problems.range("documents.count_max", d.getCountMax(), 0, DOCUMENTS_MAX);
    problems.range("documents.bytes_max", d.getBytesMax(), 0, DOCUMENTS_BYTES_MAX);
    problems.range("documents.document_bytes_max", d.getDocumentBytesMax(), 0, DOCUMENT_BYTES_MAX);
    problems.form("documents.language", d.getLanguage(), LANGUAGE_OR_NONE);
  }

  /** The problems of a model's record, but for its folder. */
  public static Problems check(Model m) {
    Problems problems = new Problems();
    problems.form("id", m.getId(), NAME);
    problems.range("context_tokens_max", m.getContextTokensMax(), 1, CONTEXT_TOKENS_MAX);
    names(problems, "pools", m.getPoolsList());
    m.getDefaultOfList().forEach(tier -> tier(problems, "default_of", tier));
    problems.form("digest", m.getDigest(), DIGEST_OR_NONE);
    problems.range("kv_bytes_per_token", m.getKvBytesPerToken(), 0, KV_BYTES_PER_TOKEN_MAX);
    if (!m.getShadow().equals(ShadowTraffic.getDefaultInstance())) {
      problems.form("shadow.model", m.getShadow().getModel(), NAME);
      double share = m.getShadow().getShare();
      if (!(share >= 0 && share <= 1) || m.getShadow().getModel().equals(m.getId())) {
        problems.add("shadow.share", share, "0 to 1, of another model");
      }
    }
    if (m.hasShift()) {
      problems.form("shift.model", m.getShift().getModel(), NAME);
      double share = m.getShift().getShare();
      if (!(share >= 0 && share <= 1) || m.getShift().getModel().equals(m.getId())) {
        problems.add("shift.share", share, "0 to 1, to another model");
      }
    }
    return problems;
  }

  /** The problems of an adapter's record, but for its folder and what it refers to. */
  public static Problems check(Adapter a) {
    Problems problems = new Problems();
    problems.form("tenant", a.getTenant(), TENANT);
    problems.form("name", a.getName(), NAME);
    problems.form("model", a.getModel(), NAME);
    problems.form("version", a.getVersion(), DIGEST_OR_NONE);
    return problems;
  }

  /** The problems of a pool's record. */
  public static Problems check(Pool p) {
    Problems problems = new Problems();
    problems.form("id", p.getId(), NAME);
    problems.form("dedicated_tenant", p.getDedicatedTenant(), TENANT_OR_NONE);
    classes(problems, "workload_classes", p.getWorkloadClassesList());
    problems.range("context_tokens_max", p.getContextTokensMax(), 0, CONTEXT_TOKENS_MAX);
    if (p.hasNodeCost()) {
      NodeCost cost = p.getNodeCost();
      problems.range("node_cost.nodes", cost.getNodes(), 1, NODES_MAX);
      RateCardRules.currency(problems, "node_cost.currency", cost.getCurrency());
      problems.range(
          "node_cost.micros_per_hour", cost.getMicrosPerHour(), 0, RateCardRules.RATE_MICROS_MAX);
    }
    return problems;
  }

  private static void limits(Problems problems, LimitOverrides l) {
    if (l.hasConcurrentRequests()) {
      problems.range(
          "limits.concurrent_requests", l.getConcurrentRequests(), 1, CONCURRENT_REQUESTS_MAX);
    }
    if (l.hasRequestsPerMinute()) {
      problems.range(
          "limits.requests_per_minute", l.getRequestsPerMinute(), 1, REQUESTS_PER_MINUTE_MAX);
    }
    if (l.hasTokensPerMinute()) {
      problems.range("limits.tokens_per_minute", l.getTokensPerMinute(), 1, TOKENS_PER_MINUTE_MAX);
    }
    if (l.hasContextTokensMax()) {
      problems.range("limits.context_tokens_max", l.getContextTokensMax(), 1, CONTEXT_TOKENS_MAX);
    }
    if (l.hasKvBytesMax()) {
      problems.range("limits.kv_bytes_max", l.getKvBytesMax(), 1, Long.MAX_VALUE);
    }
    if (l.hasKvBytesGuaranteed()) {
      long most = l.hasKvBytesMax() ? l.getKvBytesMax() : Long.MAX_VALUE;
      problems.range("limits.kv_bytes_guaranteed", l.getKvBytesGuaranteed(), 0, most);
    }
    if (l.hasPriority()) {
      problems.range("limits.priority", l.getPriority(), 1, PRIORITY_MAX);
    }
    if (l.hasBurstRequests()) {
      problems.range("limits.burst_requests", l.getBurstRequests(), 1, REQUESTS_PER_MINUTE_MAX);
    }
    if (l.hasBurstPerMinute()) {
      problems.range("limits.burst_per_minute", l.getBurstPerMinute(), 1, BURST_PER_MINUTE_MAX);
    }
    connections(problems, l);
    // Unset is 0, too.
    problems.range("limits.daily_tokens", l.getDailyTokens(), 0, BUDGET_MAX);
    problems.range("limits.monthly_tokens", l.getMonthlyTokens(), 0, BUDGET_MAX);
    problems.range("limits.daily_cost_micros", l.getDailyCostMicros(), 0, BUDGET_MAX);
    problems.range("limits.monthly_cost_micros", l.getMonthlyCostMicros(), 0, BUDGET_MAX);
  }

  private static void connections(Problems problems, LimitOverrides l) {
    if (l.hasConnections()) {
      problems.range("limits.connections", l.getConnections(), 1, CONNECTIONS_MAX);
    }
    if (l.hasKeepaliveSeconds()) {
      problems.range("limits.keepalive_seconds", l.getKeepaliveSeconds(), 1, KEEPALIVE_SECONDS_MAX);
    }
    long bits = l.getStreamBitsPerSecond();
    if (bits != 0 && bits < STREAM_BITS_PER_SECOND_LEAST) {
      problems.add(
          "limits.stream_bits_per_second",
          bits,
          "0 (unlimited), or at least " + STREAM_BITS_PER_SECOND_LEAST);
    }
  }

  private static void privacy(Problems problems, PrivacyPolicy p) {
    if (p.getMode() == PrivacyMode.UNRECOGNIZED) {
      problems.add("privacy.mode", "", "off, mask or refuse");
    }
    for (PersonalData kind : p.getKindsList()) {
      if (kind == PersonalData.PERSONAL_DATA_UNSPECIFIED || kind == PersonalData.UNRECOGNIZED) {
        problems.add("privacy.kinds", "", "a kind of personal data");
      }
    }
    problems.form("privacy.phone_region", p.getPhoneRegion(), REGION_OR_NONE);
  }

  private static void names(Problems problems, String field, List<String> names) {
    problems.range(field + " (count)", names.size(), 0, LIST_MAX);
    problems.forms(field, names.subList(0, Math.min(names.size(), LIST_MAX)), NAME);
  }

  private static void tier(Problems problems, String field, Tier tier) {
    if (tier == Tier.TIER_UNSPECIFIED || tier == Tier.UNRECOGNIZED) {
      problems.add(field, "", "free, standard or enterprise");
    }
  }

  private static void classes(Problems problems, String field, List<WorkloadClass> classes) {
    for (WorkloadClass value : classes) {
      if (value == WorkloadClass.WORKLOAD_CLASS_UNSPECIFIED
          || value == WorkloadClass.UNRECOGNIZED) {
        problems.add(field, "", "interactive, standard or batch");
      }
    }
  }
}
