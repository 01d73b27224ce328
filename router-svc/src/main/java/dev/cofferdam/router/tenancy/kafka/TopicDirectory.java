package dev.cofferdam.router.tenancy.kafka;

import dev.cofferdam.mesh.kafka.ConfigFeed;
import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.RolloutState;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.router.tenancy.Directory;
import dev.cofferdam.router.tenancy.RolloutGates;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.WorkloadClass;
import dev.cofferdam.wire.TenantRecords;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The directory as views of the compacted configuration topics. */
public final class TopicDirectory implements Directory, AutoCloseable {
  private final ConfigView<Tenant> tenants;
  private final ConfigView<Model> models;
  private final ConfigView<Adapter> adapters;
  private final ConfigView<Pool> pools;
  private volatile List<Pin> pins = List.of();
  private volatile Map<String, List<ServedModel>> shifts = Map.of();
  private final Translated<Tenant, TenantProfile> profiles;
  private final Translated<Model, ServedModel> served;
  private final Translated<Pool, PoolRecord> poolRecords;
  private final ConfigFeed feed;

  /**
   * Opens the views; they fill in the background, from snapshots in the folder where Kafka is away.
   */
  public TopicDirectory(KafkaSettings kafka, Path snapshots) {
    ConfigFeed.Builder views = ConfigFeed.of(kafka, snapshots);
    tenants = views.view(Topics.TENANTS, Tenant.parser());
    models = views.view(Topics.MODELS, Model.parser());
    adapters = views.view(Topics.ADAPTERS, Adapter.parser());
    pools = views.view(Topics.POOLS, Pool.parser());
    tenants.onChange(this::readPins);
    readPins();
    models.onChange(this::readShifts);
    readShifts();
    profiles = new Translated<>(tenants, TenantRecords::profile);
    served = new Translated<>(models, TopicDirectory::served);
    poolRecords = new Translated<>(pools, TopicDirectory::pool);
    feed = views.start();
  }

  @Override
  public boolean ready() {
    return feed.caughtUp();
  }

  @Override
  public Optional<TenantProfile> tenant(TenantId id) {
    return profiles.get(id.value());
  }

  @Override
  public Optional<ServedModel> model(String id) {
    return served.get(id);
  }

  @Override
  public Optional<OwnedAdapter> adapter(TenantId owner, String name) {
    return adapters
        .get(owner.value() + "/" + name)
        .filter(a -> a.getTenant().equals(owner.value()))
        .map(a -> new OwnedAdapter(a.getName(), a.getModel(), a.getVersion(), rollout(a)));
  }

  private static Optional<Rollout> rollout(Adapter adapter) {
    if (!adapter.hasRollout()) {
      return Optional.empty();
    }
    var rollout = adapter.getRollout();
    return Optional.of(
        new Rollout(
            rollout.getVersion(),
            rollout.getState() == RolloutState.ROLLOUT_STATE_RUNNING,
            gates(rollout.getGates())));
  }

  private static RolloutGates gates(dev.cofferdam.proto.admin.v1.RolloutGates gates) {
    RolloutGates usual = RolloutGates.DEFAULT;
    return new RolloutGates(
        gates.getErrorRateExcessMax() == 0
            ? usual.errorRateExcessMax()
            : gates.getErrorRateExcessMax(),
        gates.getTtftRatioMax() == 0 ? usual.ttftRatioMax() : gates.getTtftRatioMax(),
        gates.getRequestsMin() == 0 ? usual.requestsMin() : gates.getRequestsMin(),
        gates.getWindowS() == 0 ? usual.windowMs() : 1_000L * gates.getWindowS());
  }

  @Override
  public List<Pin> pins() {
    return pins;
  }

  @Override
  public List<ServedModel> shiftedTo(String id) {
    return shifts.getOrDefault(id, List.of());
  }

  private void readShifts() {
    shifts =
        models.snapshot().values().stream()
            .filter(Model::hasShift)
            .collect(
                Collectors.groupingBy(
                    m -> m.getShift().getModel(),
                    Collectors.mapping(TopicDirectory::served, Collectors.toUnmodifiableList())));
  }

  private void readPins() {
    pins =
        tenants.snapshot().values().stream()
            .filter(t -> t.getPinnedReplicas() > 0 && TenantId.isValid(t.getId()))
            .sorted(Comparator.comparing(Tenant::getId))
            .map(t -> new Pin(new TenantId(t.getId()), t.getPinnedReplicas()))
            .toList();
  }

  @Override
  public Optional<PoolRecord> pool(String id) {
    return poolRecords.get(id);
  }

  private static ServedModel served(Model model) {
    return new ServedModel(
        model.getId(),
        model.getContextTokensMax(),
        Set.copyOf(model.getPoolsList()),
        model.getRestricted());
  }

  private static PoolRecord pool(Pool pool) {
    return new PoolRecord(
        pool.getId(),
        pool.getDedicatedTenant().isEmpty()
            ? Optional.empty()
            : Optional.of(new TenantId(pool.getDedicatedTenant())),
        pool.getWorkloadClassesList().stream()
            .map(c -> TenantRecords.workloadClass(c, WorkloadClass.INTERACTIVE))
            .collect(Collectors.toUnmodifiableSet()),
        pool.getContextTokensMax());
  }

  @Override
  public void close() {
    feed.close();
  }
}
