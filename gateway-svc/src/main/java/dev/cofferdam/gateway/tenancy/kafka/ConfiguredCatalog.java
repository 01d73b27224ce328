package dev.cofferdam.gateway.tenancy.kafka;

import dev.cofferdam.gateway.tenancy.AdapterEntry;
import dev.cofferdam.gateway.tenancy.Catalog;
import dev.cofferdam.gateway.tenancy.ModelEntry;
import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import dev.cofferdam.wire.TenantRecords;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** Models and adapters in force, indexed anew at each change. */
public final class ConfiguredCatalog implements Catalog {
  private final ConfigView<Model> modelRecords;
  private final ConfigView<Adapter> adapterRecords;
  private volatile Models models = new Models(new TreeMap<>(), Map.of());
  private volatile Map<TenantId, NavigableMap<String, AdapterEntry>> adapters = Map.of();

  private record Models(NavigableMap<String, ModelEntry> byId, Map<Tier, ModelEntry> ofTier) {}

  /** Views stay the caller's. */
  public ConfiguredCatalog(ConfigView<Model> models, ConfigView<Adapter> adapters) {
    this.modelRecords = models;
    this.adapterRecords = adapters;
    models.onChange(this::indexModels);
    adapters.onChange(this::indexAdapters);
    indexModels();
    indexAdapters();
  }

  @Override
  public Optional<ModelEntry> model(String id) {
    return Optional.ofNullable(models.byId().get(id));
  }

  @Override
  public List<ModelEntry> models() {
    return List.copyOf(models.byId().values());
  }

  @Override
  public Optional<AdapterEntry> adapter(TenantId owner, String name) {
    NavigableMap<String, AdapterEntry> own = adapters.get(owner);
    return own == null ? Optional.empty() : Optional.ofNullable(own.get(name));
  }

  @Override
  public List<AdapterEntry> adapters(TenantId owner) {
    NavigableMap<String, AdapterEntry> own = adapters.get(owner);
    return own == null ? List.of() : List.copyOf(own.values());
  }

  @Override
  public Optional<ModelEntry> defaultModel(TenantProfile tenant) {
    return tenant
        .defaultModel()
        .map(this::model)
        .orElseGet(() -> Optional.ofNullable(models.ofTier().get(tenant.tier())));
  }

  private synchronized void indexModels() {
    NavigableMap<String, ModelEntry> byId = new TreeMap<>();
    Map<Tier, ModelEntry> ofTier = new EnumMap<>(Tier.class);
    new TreeMap<>(modelRecords.snapshot())
        .forEach(
            (key, m) -> {
              ModelEntry entry =
                  new ModelEntry(
                      m.getId(),
                      m.getFolder(),
                      m.getDigest(),
                      m.getContextTokensMax(),
                      m.getRestricted(),
                      m.getCreatedEpochS());
              byId.put(key, entry);
              m.getDefaultOfList().stream()
                  .filter(ConfiguredCatalog::named)
                  .forEach(tier -> ofTier.putIfAbsent(TenantRecords.tier(tier), entry));
            });
    models = new Models(byId, ofTier);
  }

  private static boolean named(dev.cofferdam.proto.admin.v1.Tier tier) {
    return switch (tier) {
      case TIER_FREE, TIER_STANDARD, TIER_ENTERPRISE -> true;
      case TIER_UNSPECIFIED, UNRECOGNIZED -> false;
    };
  }

  private synchronized void indexAdapters() {
    Map<TenantId, NavigableMap<String, AdapterEntry>> byOwner = new HashMap<>();
    for (Adapter a : adapterRecords.snapshot().values()) {
      if (TenantId.isValid(a.getTenant())) {
        TenantId owner = new TenantId(a.getTenant());
        byOwner
            .computeIfAbsent(owner, t -> new TreeMap<>())
            .put(a.getName(), new AdapterEntry(owner, a.getName(), a.getModel(), a.getVersion()));
      }
    }
    adapters = Map.copyOf(byOwner);
  }
}
