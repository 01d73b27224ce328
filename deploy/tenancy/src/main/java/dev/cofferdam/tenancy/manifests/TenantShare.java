package dev.cofferdam.tenancy.manifests;

import dev.cofferdam.tenancy.isolation.IsolationLevel;
import dev.cofferdam.vocabulary.TenantId;
import java.util.List;

/**
 * What a tenant's record asks for.
 *
 * @param id the tenant
 * @param namespace its namespace
 * @param level its isolation level
 * @param pool the pool of its workers
 * @param models models that its workers serve, the first loaded at the start
 * @param replicas number of its workers
 * @param kvBytesMax its KV quota
 */
public record TenantShare(
    TenantId id,
    String namespace,
    IsolationLevel level,
    String pool,
    List<String> models,
    int replicas,
    long kvBytesMax) {
  /** Names are DNS labels. */
  private static final int NAME_CHARS_MAX = 63;

  /** A pod's name is a worker's id: room for "worker-" and an ordinal. */
  private static final int TENANT_CHARS_MAX = NAME_CHARS_MAX - "worker--999".length();

  /**
   * @throws IllegalArgumentException naming what Kubernetes cannot hold
   */
  public TenantShare {
    models = List.copyOf(models);
    if (!level.ownWorkers()) {
      throw new IllegalArgumentException(
          "tenant "
              + id
              + " has isolation level "
              + level.number()
              + " ("
              + level.label()
              + "): it shares workers, and nothing of a cluster is its own; levels 3 to 5 have"
              + " manifests");
    }
    if (id.value().length() > TENANT_CHARS_MAX) {
      throw new IllegalArgumentException(
          "tenant: " + id + " (expected: at most " + TENANT_CHARS_MAX + " characters for a pod)");
    }
    if (!namespace.matches("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")) {
      throw new IllegalArgumentException("namespace: " + namespace + " (expected: a DNS label)");
    }
    if (models.isEmpty()) {
      throw new IllegalArgumentException(
          "tenant " + id + ": no model; its record names none, give one with --model");
    }
    if (replicas < 1 || replicas > 999) {
      throw new IllegalArgumentException("replicas: " + replicas + " (expected: 1 to 999)");
    }
  }
}
