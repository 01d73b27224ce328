package dev.cofferdam.vocabulary;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * A tenant's record with the tier's defaults applied; what services decide by.
 *
 * @param id the tenant
 * @param tier its tier
 * @param status whether it is served
 * @param limits its limits, already reduced where it is throttled
 * @param isolationLevel 1 (logical) to 5 (dedicated)
 * @param modelsAllowed models that it may use; empty: every model that is not restricted
 * @param poolsAllowed shared pools that it may use; empty: all that serve the model
 * @param dedicatedPool its own pool
 * @param workloadClassesAllowed classes that it may use
 * @param clientCertificateRequired whether a client certificate is needed beside the key
 * @param kvEncrypted whether its KV blocks are encrypted
 * @param retentionDays days that its records are kept
 * @param privacy what happens to personal data in its input
 * @param responseCacheSeconds how long its answers may be given again to it; 0: never
 * @param similarityMin least cosine of two questions' embeddings at which the one's answer may be
 *     given to the other; empty: to the same input only
 * @param documents what it may keep for retrieval
 * @param promptStorageSeconds how long its prompts and answers are kept; 0: they are not
 * @param defaultModel model of requests that name none
 */
public record TenantProfile(
    TenantId id,
    Tier tier,
    Status status,
    TenantLimits limits,
    int isolationLevel,
    Set<String> modelsAllowed,
    Set<String> poolsAllowed,
    Optional<String> dedicatedPool,
    Set<WorkloadClass> workloadClassesAllowed,
    boolean clientCertificateRequired,
    boolean kvEncrypted,
    int retentionDays,
    PrivacyPolicy privacy,
    int responseCacheSeconds,
    OptionalDouble similarityMin,
    DocumentLimits documents,
    int promptStorageSeconds,
    Optional<String> defaultModel) {

  /** Whether a tenant is served. */
  public enum Status {
    /** Served. */
    ACTIVE,
    /** Served with a share of its limits. */
    THROTTLED,
    /** Refused. */
    SUSPENDED
  }

  public TenantProfile {
    modelsAllowed = Set.copyOf(modelsAllowed);
    poolsAllowed = Set.copyOf(poolsAllowed);
    workloadClassesAllowed = Set.copyOf(workloadClassesAllowed);
  }

  /** A profile with the tier's documents that keeps no prompts. */
  public TenantProfile(
      TenantId id,
      Tier tier,
      Status status,
      TenantLimits limits,
      int isolationLevel,
      Set<String> modelsAllowed,
      Set<String> poolsAllowed,
      Optional<String> dedicatedPool,
      Set<WorkloadClass> workloadClassesAllowed,
      boolean clientCertificateRequired,
      boolean kvEncrypted,
      int retentionDays,
      PrivacyPolicy privacy,
      int responseCacheSeconds,
      Optional<String> defaultModel) {
    this(
        id,
        tier,
        status,
        limits,
        isolationLevel,
        modelsAllowed,
        poolsAllowed,
        dedicatedPool,
        workloadClassesAllowed,
        clientCertificateRequired,
        kvEncrypted,
        retentionDays,
        privacy,
        responseCacheSeconds,
        OptionalDouble.empty(),
        tier.documents(),
        0,
        defaultModel);
  }

  /** This profile with other models. */
  public TenantProfile withModelsAllowed(Set<String> models) {
    return new TenantProfile(
        id,
        tier,
        status,
        limits,
        isolationLevel,
        models,
        poolsAllowed,
        dedicatedPool,
        workloadClassesAllowed,
        clientCertificateRequired,
        kvEncrypted,
        retentionDays,
        privacy,
        responseCacheSeconds,
        similarityMin,
        documents,
        promptStorageSeconds,
        defaultModel);
  }
}
