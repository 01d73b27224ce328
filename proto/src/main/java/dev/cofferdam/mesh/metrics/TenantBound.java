package dev.cofferdam.mesh.metrics;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.config.MeterFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Bounds the time series of a process: the tenants that it meets first have their own, all others
 * share those of {@link #OTHER}. Counts and times of others add up there; a gauge for each tenant
 * must be bounded by whoever publishes it.
 */
public final class TenantBound implements MeterFilter {
  /** The label of a metric that says whose it is. */
  public static final String LABEL = "tenant";

  /** Stands for every tenant beyond the bound; no tenant can be called so. */
  public static final String OTHER = "_other";

  private final int tenantsMax;
  private final Set<String> known = ConcurrentHashMap.newKeySet();

  /**
   * @param tenantsMax tenants with time series of their own
   */
  public TenantBound(int tenantsMax) {
    this.tenantsMax = tenantsMax;
  }

  @Override
  public Meter.Id map(Meter.Id id) {
    String tenant = id.getTag(LABEL);
    if (tenant == null || tenant.equals(OTHER) || knows(tenant)) {
      return id;
    }
    List<Tag> tags = new ArrayList<>(id.getTags());
    tags.replaceAll(tag -> tag.getKey().equals(LABEL) ? Tag.of(LABEL, OTHER) : tag);
    return id.replaceTags(tags);
  }

  private boolean knows(String tenant) {
    if (known.contains(tenant)) {
      return true;
    }
    synchronized (known) {
      return known.size() < tenantsMax && known.add(tenant);
    }
  }
}
