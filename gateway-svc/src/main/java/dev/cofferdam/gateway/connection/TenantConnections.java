package dev.cofferdam.gateway.connection;

import dev.cofferdam.vocabulary.ConnectionLimits;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How many client connections each tenant has on this gateway, over all APIs. A connection is a
 * tenant's from its first authenticated request until it closes; what several tenants use, as
 * behind a proxy, counts for each of them. A lower bound takes no connection away, it only refuses
 * further ones.
 */
public final class TenantConnections {
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final Map<TenantId, Tenant> tenants = new HashMap<>();
  private long refusals;

  /** A tenant with at least one connection. */
  private static final class Tenant {
    private final Pace pace = new Pace();
    private int connections;
  }

  /** A connection came; whoever opened it closes it. */
  public ClientConnection open() {
    return new ClientConnection(this);
  }

  /** A place for a connection; empty where the tenant has no more. */
  synchronized Optional<Claim.Held> take(TenantProfile profile) {
    ConnectionLimits limits = profile.limits().connections();
    Tenant tenant = tenants.get(profile.id());
    if (tenant != null && tenant.connections >= limits.connections()) {
      refusals++;
      return Optional.empty();
    }
    if (tenant == null) {
      tenant = new Tenant();
      tenants.put(profile.id(), tenant);
    }
    tenant.connections++;
    return Optional.of(new Claim.Held(profile.id(), tenant.pace));
  }

  synchronized void giveBack(TenantId id) {
    Tenant tenant = tenants.get(id);
    if (tenant == null) {
      throw new IllegalStateException("a connection that was not taken");
    }
    if (--tenant.connections == 0) {
      tenants.remove(id);
    }
  }

  /** Places that are taken; a connection of several tenants takes several. */
  public synchronized int held() {
    return tenants.values().stream().mapToInt(tenant -> tenant.connections).sum();
  }

  /** A tenant's connections. */
  public synchronized int held(TenantId id) {
    Tenant tenant = tenants.get(id);
    return tenant == null ? 0 : tenant.connections;
  }

  /** Requests that were refused so far because of the connection on which they came. */
  public synchronized long refusals() {
    return refusals;
  }

  static Refusal refusal(ConnectionLimits limits) {
    return new Refusal(
        ErrorCode.CONNECTION_LIMIT,
        "the tenant's clients have "
            + limits.connections()
            + " connections open already; use those, or close one",
        Optional.empty(),
        Optional.of(RETRY_AFTER),
        Map.of("limit", "connections", "value", Integer.toString(limits.connections())));
  }
}
