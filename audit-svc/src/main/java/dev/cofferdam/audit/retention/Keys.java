package dev.cofferdam.audit.retention;

import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The tenants' data keys, as those see them who rotate and destroy them. */
public interface Keys {
  /** Destroys all keys of a tenant; empty where there were none left. */
  Optional<Erasure> erase(TenantId tenant, String actor, String reason);

  /** Destroys the keys of a tenant that were retired before a time; empty where there were none. */
  Optional<Erasure> expire(TenantId tenant, Instant retiredBefore, String actor, String reason);

  /**
   * Retires keys in use, so that the next record of their tenants gets a new one.
   *
   * @param tenant whose; empty: everybody's
   * @param createdBefore only those made before
   * @param at when they are retired
   * @return how many
   */
  int retire(Optional<TenantId> tenant, Instant createdBefore, Instant at);

  /** Wraps under the key-encryption key in force what is not; gives how many. */
  int rewrap();

  /** Tenants of which there are retired keys. */
  Set<TenantId> retired();

  /** Erasures of which the log has not been told, in their order. */
  List<Erasure> unrecorded();

  /** Notes that the log has been told. */
  void recorded(long erasure);
}
