package dev.cofferdam.gateway.tenancy.kafka;

import static dev.cofferdam.gateway.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.cofferdam.gateway.admin.Configuration;
import dev.cofferdam.gateway.admin.kafka.KafkaConfiguration;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.facts.AuditKeys;
import dev.cofferdam.gateway.facts.kafka.KafkaAuditFacts;
import dev.cofferdam.gateway.quota.SampleTenants;
import dev.cofferdam.mesh.kafka.ConfigFeed;
import dev.cofferdam.mesh.kafka.ConfigWriter;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.TestKafka;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.ApiKey;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import dev.cofferdam.proto.admin.v1.Tier;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.events.v1.Severity;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.Events;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The configuration's way over a real Kafka, into the views of several gateways; audit's way out.
 */
class ConfigurationOnKafkaTest {
  private static final TenantId ACME = new TenantId("acme");
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir private static Path brokerFolder;
  private static TestKafka kafka;

  @TempDir private Path folder;
  private final List<AutoCloseable> open = new ArrayList<>();
  private Gateway first;
  private Gateway second;

  private record Gateway(
      KafkaConfiguration configuration, ConfiguredTenants tenants, ConfiguredCatalog catalog) {}

  @BeforeAll
  static void startKafka() throws InterruptedException {
    kafka = new TestKafka(brokerFolder);
    for (String topic :
        List.of(
            Topics.TENANTS,
            Topics.API_KEYS,
            Topics.MODELS,
            Topics.ADAPTERS,
            Topics.POOLS,
            Topics.RATE_CARDS,
            Topics.AUDIT)) {
      kafka.create(topic, 1);
    }
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

  @BeforeEach
  void start() {
    first = gateway("first");
    second = gateway("second");
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
  }

  @Test
  void aChangeIsInForceWhereItWasMadeAndSoonElsewhere() {
    change(first, write -> write.put(tenant(Tier.TIER_FREE)));
    change(first, write -> write.put(tenant(Tier.TIER_ENTERPRISE)));

    assertThat(first.tenants.tenant(ACME).orElseThrow().limits().concurrentRequests())
        .isEqualTo(256);
    eventually(
        () ->
            second
                .tenants
                .tenant(ACME)
                .map(t -> t.tier().label())
                .equals(Optional.of("enterprise")));
  }

  @Test
  void keysModelsAndAdaptersAreFoundByTheirOwners() {
    change(first, write -> write.put(key("aaaaaaaaaaaa", 32, 0)));
    change(first, write -> write.put(model("small", Tier.TIER_FREE)));
    change(first, write -> write.put(model("large", Tier.TIER_STANDARD)));
    change(first, write -> write.put(adapter("acme", "books")));
    change(first, write -> write.put(adapter("bell", "books")));
    change(first, write -> write.put(adapter("acme", "atlas")));

    assertThat(first.tenants.key("aaaaaaaaaaaa").orElseThrow().tenant()).isEqualTo(ACME);
    assertThat(first.tenants.key("bbbbbbbbbbbb")).isEmpty();
    assertThat(first.catalog.models()).extracting(m -> m.id()).containsExactly("large", "small");
    assertThat(first.catalog.adapters(ACME))
        .extracting(a -> a.name())
        .containsExactly("atlas", "books");
    assertThat(first.catalog.adapter(ACME, "books").orElseThrow().version()).isEqualTo("v-acme");
    assertThat(first.catalog.adapter(new TenantId("nobody"), "books")).isEmpty();
    assertThat(
            first.catalog.defaultModel(
                SampleTenants.tenant("acme", dev.cofferdam.vocabulary.Tier.FREE, 1, 1, 1)))
        .map(m -> m.id())
        .contains("small");
  }

  @Test
  void aRemovedTenantIsGoneInEveryGateway() {
    change(first, write -> write.put(tenant(Tier.TIER_FREE)));
    eventually(() -> second.tenants.tenant(ACME).isPresent());

    change(first, write -> write.removeTenant("acme"));

    assertThat(first.tenants.tenant(ACME)).isEmpty();
    eventually(() -> second.tenants.tenant(ACME).isEmpty());
  }

  @Test
  void aRevokedKeyIsRevokedInEveryGateway() {
    change(first, write -> write.put(key("aaaaaaaaaaaa", 32, 0)));
    eventually(() -> second.tenants.key("aaaaaaaaaaaa").isPresent());

    change(first, write -> write.put(key("aaaaaaaaaaaa", 32, 77)));

    assertThat(first.tenants.key("aaaaaaaaaaaa").orElseThrow().expired(77)).isTrue();
    eventually(() -> second.tenants.key("aaaaaaaaaaaa").orElseThrow().expired(77));
  }

  /**
   * Each adds 1 to the same record, as often as it can; whoever is told of success has added it.
   */
  @Test
  void twoGatewaysThatChangeARecordAtOnceLoseNothingOfEachOther() throws Exception {
    change(first, write -> write.put(tenant(Tier.TIER_FREE)));
    AtomicInteger done = new AtomicInteger();
    AtomicInteger unknown = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    List<Throwable> failures = new CopyOnWriteArrayList<>();
    for (Gateway gateway : List.of(first, second)) {
      threads.add(
          Thread.ofPlatform()
              .uncaughtExceptionHandler((thread, failure) -> failures.add(failure))
              .start(
                  () -> {
                    for (int i = 0; i < 10; i++) {
                      addOne(gateway, done, unknown);
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }

    assertThat(failures).isEmpty();
    assertThat(done.get()).isPositive();
    for (Gateway gateway : List.of(first, second)) {
      eventually(
          () -> {
            long changes = gateway.configuration.tenants().get("acme").getRevision();
            return changes >= done.get() && changes <= done.get() + unknown.get();
          });
    }
  }

  /**
   * Kafka may answer a commit with an error of its own while another writer begins; the change is
   * then told as one that may still come into force.
   */
  private static void addOne(Gateway gateway, AtomicInteger done, AtomicInteger unknown) {
    try {
      Configuration configuration = gateway.configuration;
      configuration.change(
          write -> {
            Tenant tenant = configuration.tenants().get("acme");
            write.put(tenant.toBuilder().setRevision(tenant.getRevision() + 1).build());
            return true;
          });
      done.incrementAndGet();
    } catch (RefusedException e) {
      assertThat(e.refusal().code())
          .as(e.refusal().message())
          .isIn(ErrorCode.CONFLICT, ErrorCode.DEPENDENCY_UNAVAILABLE);
      if (e.refusal().code() == ErrorCode.DEPENDENCY_UNAVAILABLE) {
        unknown.incrementAndGet();
      }
    }
  }

  @Test
  void aChangeThatIsRefusedOrBreaksWritesNothing() {
    change(first, write -> write.put(tenant(Tier.TIER_FREE)));
    for (RuntimeException end :
        List.of(
            Refusal.of(ErrorCode.NOT_FOUND, "no such tenant").asException(),
            new IllegalStateException("a bug"))) {
      assertThatThrownBy(
              () ->
                  change(
                      first,
                      write -> {
                        write.put(tenant(Tier.TIER_ENTERPRISE));
                        throw end;
                      }))
          .isSameAs(end);
    }

    change(first, write -> write.put(key("cccccccccccc", 32, 0)));
    assertThat(first.tenants.tenant(ACME).orElseThrow().tier().label()).isEqualTo("free");
  }

  private static void change(Gateway gateway, Consumer<Configuration.Changes> work) {
    Object unused =
        gateway.configuration.change(
            write -> {
              work.accept(write);
              return gateway;
            });
  }

  @Test
  void recordsThatDoNotHoldAreAsGoodAsNone() {
    change(first, write -> write.put(tenant(Tier.TIER_UNSPECIFIED)));
    change(first, write -> write.put(key("aaaaaaaaaaaa", 31, 0)));

    assertThat(first.tenants.tenant(ACME)).isEmpty();
    assertThat(first.tenants.key("aaaaaaaaaaaa")).isEmpty();
  }

  @Test
  void withoutKafkaWhatIsKnownServesOnAndNothingCanBeChanged() {
    change(first, write -> write.put(tenant(Tier.TIER_FREE)));
    kafka.stop();
    try {
      assertThatThrownBy(() -> change(first, write -> write.put(tenant(Tier.TIER_STANDARD))))
          .isInstanceOf(RefusedException.class)
          .hasMessageContaining("dependency_unavailable");
      assertThat(first.tenants.tenant(ACME).orElseThrow().tier().label()).isEqualTo("free");
    } finally {
      kafka.start();
    }
  }

  @Test
  void anAuditFactArrivesAsAnEventKeyedByTenant() throws Exception {
    FactPublisher publisher =
        opened(FactPublisher.open(kafka.settings(), "gateway", folder.resolve("spool"), 1 << 20));
    KafkaAuditFacts facts =
        new KafkaAuditFacts(
            publisher, new AuditKeys(new byte[32]), () -> Instant.ofEpochMilli(1_234));
    RequestId request = RequestId.random();

    facts.record(
        new AuditFact(
            Optional.of(request),
            "acme",
            "free",
            "key:aaaaaaaaaaaa",
            "127.0.0.1",
            "isolation_violation",
            AuditFact.Severity.CRITICAL,
            AuditFact.Outcome.REFUSED,
            "identity_mismatch",
            "x-tenant-id claims tenant bell",
            Optional.empty()));

    ConsumerRecord<String, byte[]> arrived = nextAudit();
    Events.ReceivedEvent<AuditRecorded> event =
        Events.parse(arrived.value(), AuditRecorded.parser(), AuditRecorded.class);
    assertThat(arrived.key()).isEqualTo("acme");
    assertThat(event.id()).startsWith(request.value() + ":").isEqualTo(event.data().getEventId());
    assertThat(event.type()).isEqualTo("dev.cofferdam.audit.recorded.v1");
    assertThat(event.data())
        .isEqualTo(
            AuditRecorded.newBuilder()
                .setEventId(event.id())
                .setRequestId(request.value())
                .setTenant("acme")
                .setTier("free")
                .setActor("key:aaaaaaaaaaaa")
                .setSourceIp("127.0.0.1")
                .setOperation("isolation_violation")
                .setSeverity(Severity.SEVERITY_CRITICAL)
                .setOutcome(Outcome.OUTCOME_REFUSED)
                .setCode("identity_mismatch")
                .setOccurredEpochMs(1_234)
                .setDetail("x-tenant-id claims tenant bell")
                .setKvBlocksAllocated(-1)
                .setKvBlocksZeroed(-1)
                .build());
  }

  private ConsumerRecord<String, byte[]> nextAudit() {
    Map<String, Object> properties = Map.copyOf(kafka.settings().properties());
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer())) {
      TopicPartition partition = new TopicPartition(Topics.AUDIT, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      var records = consumer.poll(PATIENCE);
      assertThat(records.count()).isEqualTo(1);
      return records.iterator().next();
    }
  }

  private Gateway gateway(String name) {
    ConfigFeed.Builder configured = ConfigFeed.of(kafka.settings(), folder.resolve(name));
    KafkaConfiguration.Views views = KafkaConfiguration.Views.of(configured);
    ConfigFeed feed = opened(configured.start());
    Gateway gateway =
        new Gateway(
            new KafkaConfiguration(opened(ConfigWriter.open(kafka.settings(), name, feed)), views),
            new ConfiguredTenants(views.tenants(), views.keys()),
            new ConfiguredCatalog(views.models(), views.adapters(), views.pools()));
    eventually(feed::caughtUp);
    return gateway;
  }

  private <T extends AutoCloseable> T opened(T one) {
    open.add(one);
    return one;
  }

  private static Tenant tenant(Tier tier) {
    return Tenant.newBuilder()
        .setId("acme")
        .setTier(tier)
        .setStatus(TenantStatus.TENANT_STATUS_ACTIVE)
        .build();
  }

  private static ApiKey key(String id, int hashBytes, long notAfterEpochS) {
    return ApiKey.newBuilder()
        .setKeyId(id)
        .setTenant("acme")
        .setSha256(ByteString.copyFrom(new byte[hashBytes]))
        .setNotAfterEpochS(notAfterEpochS)
        .build();
  }

  private static Model model(String id, Tier tier) {
    return Model.newBuilder()
        .setId(id)
        .setFolder(id)
        .setContextTokensMax(512)
        .addDefaultOf(tier)
        .addDefaultOfValue(99)
        .build();
  }

  private static Adapter adapter(String tenant, String name) {
    return Adapter.newBuilder()
        .setTenant(tenant)
        .setName(name)
        .setModel("small")
        .setVersion("v-" + tenant)
        .build();
  }
}
