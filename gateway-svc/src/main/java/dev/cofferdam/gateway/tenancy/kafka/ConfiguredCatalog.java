package dev.cofferdam.gateway.tenancy.kafka;

import dev.cofferdam.gateway.tenancy.AdapterEntry;
import dev.cofferdam.gateway.tenancy.Catalog;
import dev.cofferdam.gateway.tenancy.ModelEntry;
import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.Rollout;
import dev.cofferdam.proto.admin.v1.RolloutState;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import dev.cofferdam.vocabulary.WorkloadClass;
import dev.cofferdam.wire.TenantRecords;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Models and adapters in force. Indexed anew when asked after a change: an index that followed the
 * view's listeners would lag behind it, and a change is promised to be in force once the view has
 * it.
 */
@SuppressWarnings("ReferenceEquality") // a view hands out the same map until something changes
public final class ConfiguredCatalog implements Catalog {
  private final ConfigView<Model> modelRecords;
  private final ConfigView<Adapter> adapterRecords;
  private final ConfigView<Pool> poolRecords;
  private volatile Models models = new Models(Map.of(), new TreeMap<>(), Map.of());
  private volatile Adapters adapters = new Adapters(Map.of(), Map.of());

  private record Models(
      Map<String, Model> source,
      NavigableMap<String, ModelEntry> byId,
      Map<Tier, ModelEntry> ofTier) {}

  private record Adapters(
      Map<String, Adapter> source, Map<TenantId, NavigableMap<String, AdapterEntry>> byOwner) {}

  /** Views stay the caller's. */
  public ConfiguredCatalog(
      ConfigView<Model> models, ConfigView<Adapter> adapters, ConfigView<Pool> pools) {
    this.modelRecords = models;
    this.adapterRecords = adapters;
    this.poolRecords = pools;
  }

  @Override
  public Optional<ModelEntry> model(String id) {
    return Optional.ofNullable(inForce().byId().get(id));
  }

  @Override
  public List<ModelEntry> models() {
    return List.copyOf(inForce().byId().values());
  }

  @Override
  public Optional<AdapterEntry> adapter(TenantId owner, String name) {
    NavigableMap<String, AdapterEntry> own = adaptersInForce().get(owner);
    return own == null ? Optional.empty() : Optional.ofNullable(own.get(name));
  }

  @Override
  public List<AdapterEntry> adapters(TenantId owner) {
    NavigableMap<String, AdapterEntry> own = adaptersInForce().get(owner);
    return own == null ? List.of() : List.copyOf(own.values());
  }

  @Override
  public boolean isAnothersAdapter(TenantId owner, String name) {
    return adapter(owner, name).isEmpty()
        && adaptersInForce().values().stream().anyMatch(own -> own.containsKey(name));
  }

  @Override
  public OptionalInt poolContextTokensMax(
      TenantProfile tenant, ModelEntry model, WorkloadClass workloadClass) {
    List<String> serving = poolsOf(model);
    OptionalInt largest = OptionalInt.empty();
    for (Pool pool : poolRecords.snapshot().values()) {
      if (mayServe(pool, tenant, serving, workloadClass)) {
        if (pool.getContextTokensMax() == 0) {
          return OptionalInt.empty();
        }
        largest = OptionalInt.of(Math.max(largest.orElse(0), pool.getContextTokensMax()));
      }
    }
    return largest;
  }

  @Override
  public boolean served(TenantProfile tenant, ModelEntry model, WorkloadClass workloadClass) {
    List<String> serving = poolsOf(model);
    Map<String, Pool> pools = poolRecords.snapshot();
    return pools.isEmpty()
        || pools.values().stream().anyMatch(p -> mayServe(p, tenant, serving, workloadClass));
  }

  private List<String> poolsOf(ModelEntry model) {
    return modelRecords.get(model.id()).map(m -> (List<String>) m.getPoolsList()).orElse(List.of());
  }

  /** As the router decides it. */
  private static boolean mayServe(
      Pool pool, TenantProfile tenant, List<String> serving, WorkloadClass workloadClass) {
    boolean own =
        tenant.dedicatedPool().isPresent()
            ? tenant.dedicatedPool().get().equals(pool.getId())
                && pool.getDedicatedTenant().equals(tenant.id().value())
            : pool.getDedicatedTenant().isEmpty()
                && (serving.isEmpty() || serving.contains(pool.getId()))
                && (tenant.poolsAllowed().isEmpty()
                    || tenant.poolsAllowed().contains(pool.getId()));
    return own
        && (pool.getWorkloadClassesCount() == 0
            || pool.getWorkloadClassesList().contains(TenantRecords.workloadClass(workloadClass)));
  }

  @Override
  public Optional<Shadow> shadow(ModelEntry model) {
    return modelRecords
        .get(model.id())
        .filter(Model::hasShadow)
        .flatMap(
            m ->
                model(m.getShadow().getModel())
                    .map(other -> new Shadow(other, m.getShadow().getShare())));
  }

  @Override
  public Optional<Shadow> shift(ModelEntry model) {
    return modelRecords
        .get(model.id())
        .filter(Model::hasShift)
        .flatMap(
            m ->
                model(m.getShift().getModel())
                    .map(other -> new Shadow(other, m.getShift().getShare())));
  }

  @Override
  public Optional<ModelEntry> defaultModel(TenantProfile tenant) {
    return tenant
        .defaultModel()
        .map(this::model)
        .orElseGet(() -> Optional.ofNullable(inForce().ofTier().get(tenant.tier())));
  }

  private Models inForce() {
    Map<String, Model> source = modelRecords.snapshot();
    Models known = models;
    if (known.source() != source) {
      known = index(source);
      models = known;
    }
    return known;
  }

  private Map<TenantId, NavigableMap<String, AdapterEntry>> adaptersInForce() {
    Map<String, Adapter> source = adapterRecords.snapshot();
    Adapters known = adapters;
    if (known.source() != source) {
      known = new Adapters(source, byOwner(source));
      adapters = known;
    }
    return known.byOwner();
  }

  private static Models index(Map<String, Model> source) {
    NavigableMap<String, ModelEntry> byId = new TreeMap<>();
    Map<Tier, ModelEntry> ofTier = new EnumMap<>(Tier.class);
    new TreeMap<>(source)
        .forEach(
            (key, m) -> {
              ModelEntry entry =
                  new ModelEntry(
                      m.getId(),
                      m.getFolder(),
                      m.getDigest(),
                      m.getContextTokensMax(),
                      m.getKvBytesPerToken(),
                      m.getRestricted(),
                      m.getCreatedEpochS());
              byId.put(key, entry);
              m.getDefaultOfList().stream()
                  .filter(ConfiguredCatalog::named)
                  .forEach(tier -> ofTier.putIfAbsent(TenantRecords.tier(tier), entry));
            });
    return new Models(source, byId, ofTier);
  }

  private static boolean named(dev.cofferdam.proto.admin.v1.Tier tier) {
    return switch (tier) {
      case TIER_FREE, TIER_STANDARD, TIER_ENTERPRISE -> true;
      case TIER_UNSPECIFIED, UNRECOGNIZED -> false;
    };
  }

  private static Map<TenantId, NavigableMap<String, AdapterEntry>> byOwner(
      Map<String, Adapter> source) {
    Map<TenantId, NavigableMap<String, AdapterEntry>> byOwner = new HashMap<>();
    for (Adapter a : source.values()) {
      if (TenantId.isValid(a.getTenant())) {
        TenantId owner = new TenantId(a.getTenant());
        byOwner
            .computeIfAbsent(owner, t -> new TreeMap<>())
            .put(
                a.getName(),
                new AdapterEntry(
                    owner, a.getName(), a.getModel(), a.getVersion(), a.getFolder(), trial(a)));
      }
    }
    return Map.copyOf(byOwner);
  }

  private static Optional<AdapterEntry.Trial> trial(Adapter a) {
    Rollout rollout = a.getRollout();
    return rollout.getState() == RolloutState.ROLLOUT_STATE_RUNNING
        ? Optional.of(
            new AdapterEntry.Trial(rollout.getVersion(), rollout.getFolder(), rollout.getWeight()))
        : Optional.empty();
  }
}
