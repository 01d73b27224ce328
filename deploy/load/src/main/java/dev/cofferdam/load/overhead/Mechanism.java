package dev.cofferdam.load.overhead;

/** What keeps tenants apart, in the order in which reports list it. */
public enum Mechanism {
  /** Released KV blocks are overwritten with zeros. */
  ZEROING(
      "zeroing",
      "zeroing of KV blocks",
      2.5,
      false,
      "time of the workers' step threads in which blocks are zeroed; a block that stays in the"
          + " prefix cache is zeroed when it leaves it, and counts here with what one costs"),
  /** KV at rest is sealed under the tenant's key. */
  ENCRYPTION(
      "encryption",
      "encryption of KV blocks",
      4.0,
      true,
      "time of the workers' step threads in which blocks are sealed and opened; what steps decrypt"
          + " on their way (workers with kv-encryption=always) is part of the steps and told by"
          + " ./cofferdam bench engine (always_encrypted_share)"),
  /** A worker is chosen by tenant. */
  ROUTING(
      "routing",
      "tenant-aware routing",
      0.1,
      false,
      "time in which the router chooses pool and workers, without the calls there and on"),
  /** The tenant's limits are checked and taken. */
  LIMITS(
      "limits",
      "limits",
      0.05,
      false,
      "time from a request's asking the limiter to its answer, the way to Redis and back included"),
  /** Rows of different adapters share a batch. */
  ADAPTER_MIX(
      "adapters",
      "adapters in one batch",
      8.0,
      true,
      "compute time of a request while both tenants use their own adapters, less that of the same"
          + " requests on the base model; and the loading of adapters"),
  /** A record of the request is kept. */
  AUDIT(
      "audit",
      "audit record",
      0.5,
      false,
      "time until the gateway's spool on disk has the record, on the thread that writes it; the"
          + " client does not wait for it");

  private final String label;
  private final String title;
  private final double quotedMs;
  private final boolean enterpriseOnly;
  private final String measured;

  Mechanism(String label, String title, double quotedMs, boolean enterpriseOnly, String measured) {
    this.label = label;
    this.title = title;
    this.quotedMs = quotedMs;
    this.enterpriseOnly = enterpriseOnly;
    this.measured = measured;
  }

  /** Its name in {@code cofferdam_isolation_overhead_seconds_total}. */
  public String label() {
    return label;
  }

  /** What people call it. */
  public String title() {
    return title;
  }

  /** Milliseconds a request that the field quotes for it. */
  public double quotedMs() {
    return quotedMs;
  }

  /** Whether only enterprise tenants' requests are counted as paying it. */
  public boolean enterpriseOnly() {
    return enterpriseOnly;
  }

  /** How its cost is measured. */
  public String measured() {
    return measured;
  }
}
