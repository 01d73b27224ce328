package dev.cofferdam.gateway.connection;

import dev.cofferdam.vocabulary.ConnectionLimits;
import dev.cofferdam.vocabulary.TenantProfile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A client's connection and the tenants that use it, nearly always one. */
public final class ClientConnection {
  private final TenantConnections all;
  private final List<Claim.Held> held = new ArrayList<>(1);
  private volatile Claim.@Nullable Held latest;
  private volatile int keepaliveSeconds = Integer.MAX_VALUE;
  private boolean closed;

  ClientConnection(TenantConnections all) {
    this.all = all;
  }

  /**
   * A tenant's request came on it, authenticated. The tenant's bandwidth is from now on what its
   * profile says.
   */
  public Claim claim(TenantProfile tenant) {
    Claim.Held same = latest;
    Claim claim = same != null && same.tenant().equals(tenant.id()) ? same : another(tenant);
    if (claim instanceof Claim.Held taken) {
      taken.pace().limit(tenant.limits().connections().bitsPerSecond());
    }
    return claim;
  }

  private synchronized Claim another(TenantProfile tenant) {
    ConnectionLimits limits = tenant.limits().connections();
    Optional<Claim.Held> own =
        held.stream().filter(h -> h.tenant().equals(tenant.id())).findFirst();
    if (own.isEmpty()) {
      // What has closed in the meantime takes no place any more.
      own = closed ? Optional.empty() : all.take(tenant);
      own.ifPresent(
          taken -> {
            keepaliveSeconds = Math.min(keepaliveSeconds, limits.keepaliveSeconds());
            held.add(taken);
          });
    }
    own.ifPresent(taken -> latest = taken);
    return own.isPresent()
        ? own.get()
        : new Claim.Refused(TenantConnections.refusal(limits), !held.isEmpty());
  }

  /**
   * Seconds of silence after which its client is to be asked whether it is there: the fewest of its
   * tenants.
   */
  public int keepaliveSeconds() {
    return keepaliveSeconds;
  }

  /** It closed; its places are free. */
  public synchronized void close() {
    if (!closed) {
      closed = true;
      held.forEach(h -> all.giveBack(h.tenant()));
      held.clear();
    }
  }
}
