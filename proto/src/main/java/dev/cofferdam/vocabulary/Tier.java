package dev.cofferdam.vocabulary;

import java.util.Locale;

/**
 * A tenant's commercial tier and the defaults that come with it; every default can be overridden
 * per tenant.
 */
public enum Tier {
  /** Free and trial tenants. */
  FREE(
      new TenantLimits(
          4,
          60,
          10_000,
          2_000,
          1_000_000_000L,
          5,
          new Burst(30, 120),
          Budgets.stoppingAt(500_000, 5_000_000),
          new ConnectionLimits(2, 60, 100_000_000)),
      false,
      false,
      1,
      30,
      PrivacyPolicy.OFF,
      DocumentLimits.of(100, 1 << 20, 256 << 10)),
  /** Paying tenants. */
  STANDARD(
      new TenantLimits(
          64,
          600,
          100_000,
          4_000,
          10_000_000_000L,
          3,
          new Burst(300, 1_200),
          Budgets.NONE,
          new ConnectionLimits(8, 30, 1_000_000_000)),
      false,
      false,
      2,
      90,
      PrivacyPolicy.OFF,
      DocumentLimits.of(1_000, 16 << 20, 1 << 20)),
  /** Tenants under contract. */
  ENTERPRISE(
      new TenantLimits(
          256,
          6_000,
          1_000_000,
          8_000,
          80_000_000_000L,
          1,
          new Burst(3_000, 12_000),
          Budgets.NONE,
          new ConnectionLimits(32, 10, 0)),
      true,
      true,
      5,
      365,
      PrivacyPolicy.MASK_ALL,
      DocumentLimits.of(10_000, 128 << 20, 2 << 20));

  private final TenantLimits limits;
  private final boolean kvEncrypted;
  private final boolean clientCertificateRequired;
  private final int isolationLevel;
  private final int retentionDays;
  private final PrivacyPolicy privacy;
  private final DocumentLimits documents;

  Tier(
      TenantLimits limits,
      boolean kvEncrypted,
      boolean clientCertificateRequired,
      int isolationLevel,
      int retentionDays,
      PrivacyPolicy privacy,
      DocumentLimits documents) {
    this.limits = limits;
    this.kvEncrypted = kvEncrypted;
    this.clientCertificateRequired = clientCertificateRequired;
    this.isolationLevel = isolationLevel;
    this.retentionDays = retentionDays;
    this.privacy = privacy;
    this.documents = documents;
  }

  /** Default limits. */
  public TenantLimits limits() {
    return limits;
  }

  /** Whether KV blocks are encrypted by default. */
  public boolean kvEncrypted() {
    return kvEncrypted;
  }

  /** Whether a client certificate is needed beside the API key by default. */
  public boolean clientCertificateRequired() {
    return clientCertificateRequired;
  }

  /** Default isolation level, 1 (logical) to 5 (dedicated). */
  public int isolationLevel() {
    return isolationLevel;
  }

  /** Days that records are kept by default. */
  public int retentionDays() {
    return retentionDays;
  }

  /** What happens to personal data in inputs by default. */
  public PrivacyPolicy privacy() {
    return privacy;
  }

  /** What may be kept for retrieval by default. */
  public DocumentLimits documents() {
    return documents;
  }

  /** Whether the tenant pays: it goes on with a local share when the limiter's store is out. */
  public boolean paid() {
    return this != FREE;
  }

  /** Lower-case name, as in events and metrics. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
