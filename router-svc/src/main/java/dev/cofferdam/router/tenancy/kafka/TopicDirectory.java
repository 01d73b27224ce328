package dev.cofferdam.router.tenancy.kafka;

import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.router.tenancy.Directory;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.WorkloadClass;
import dev.cofferdam.wire.TenantRecords;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The directory as views of the compacted configuration topics. */
public final class TopicDirectory implements Directory, AutoCloseable {
  private final ConfigView<Tenant> tenants;
  private final ConfigView<Model> models;
  private final ConfigView<Adapter> adapters;
  private final ConfigView<Pool> pools;

  /**
   * Opens the views; they fill in the background, from snapshots in the folder where Kafka is away.
   */
  public TopicDirectory(KafkaSettings kafka, Path snapshots) {
    tenants =
        ConfigView.open(
            kafka, Topics.TENANTS, Tenant.parser(), snapshots.resolve("tenants.snapshot"));
    models =
        ConfigView.open(kafka, Topics.MODELS, Model.parser(), snapshots.resolve("models.snapshot"));
    adapters =
        ConfigView.open(
            kafka, Topics.ADAPTERS, Adapter.parser(), snapshots.resolve("adapters.snapshot"));
    pools =
        ConfigView.open(kafka, Topics.POOLS, Pool.parser(), snapshots.resolve("pools.snapshot"));
  }

  @Override
  public boolean ready() {
    return tenants.caughtUp() && models.caughtUp() && adapters.caughtUp() && pools.caughtUp();
  }

  @Override
  public Optional<TenantProfile> tenant(TenantId id) {
    return tenants.get(id.value()).map(TenantRecords::profile);
  }

  @Override
  public Optional<ServedModel> model(String id) {
    return models
        .get(id)
        .map(
            m ->
                new ServedModel(
                    m.getId(),
                    m.getContextTokensMax(),
                    Set.copyOf(m.getPoolsList()),
                    m.getRestricted()));
  }

  @Override
  public Optional<OwnedAdapter> adapter(TenantId owner, String name) {
    return adapters
        .get(owner.value() + "/" + name)
        .filter(a -> a.getTenant().equals(owner.value()))
        .map(a -> new OwnedAdapter(a.getName(), a.getModel(), a.getVersion()));
  }

  @Override
  public Optional<PoolRecord> pool(String id) {
    return pools
        .get(id)
        .map(
            p ->
                new PoolRecord(
                    p.getId(),
                    p.getDedicatedTenant().isEmpty()
                        ? Optional.empty()
                        : Optional.of(new TenantId(p.getDedicatedTenant())),
                    p.getWorkloadClassesList().stream()
                        .map(c -> TenantRecords.workloadClass(c, WorkloadClass.INTERACTIVE))
                        .collect(Collectors.toUnmodifiableSet()),
                    p.getContextTokensMax()));
  }

  @Override
  public void close() {
    tenants.close();
    models.close();
    adapters.close();
    pools.close();
  }
}
