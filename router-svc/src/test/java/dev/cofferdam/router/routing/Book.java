package dev.cofferdam.router.routing;

import dev.cofferdam.router.tenancy.Directory;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Records in memory. */
final class Book implements Directory {
  final Map<TenantId, TenantProfile> tenants = new HashMap<>();
  final Map<String, ServedModel> models = new HashMap<>();
  final Map<String, OwnedAdapter> adapters = new HashMap<>();
  final Map<String, PoolRecord> pools = new HashMap<>();
  final Map<String, List<ServedModel>> shifts = new HashMap<>();
  List<Pin> pins = List.of();
  boolean ready = true;

  @Override
  public boolean ready() {
    return ready;
  }

  @Override
  public Optional<TenantProfile> tenant(TenantId id) {
    return Optional.ofNullable(tenants.get(id));
  }

  @Override
  public Optional<ServedModel> model(String id) {
    return Optional.ofNullable(models.get(id));
  }

  @Override
  public List<ServedModel> shiftedTo(String id) {
    return shifts.getOrDefault(id, List.of());
  }

  @Override
  public Optional<OwnedAdapter> adapter(TenantId owner, String name) {
    return Optional.ofNullable(adapters.get(owner + "/" + name));
  }

  @Override
  public List<Pin> pins() {
    return pins;
  }

  @Override
  public Optional<PoolRecord> pool(String id) {
    return Optional.ofNullable(pools.get(id));
  }
}
