package dev.cofferdam.metering.ledger.kafka;

import static dev.cofferdam.mesh.postgres.TestDatabase.number;
import static dev.cofferdam.mesh.postgres.TestDatabase.rows;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.kafka.FactConsumer;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.KeptFacts;
import dev.cofferdam.mesh.kafka.TestKafka;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.mesh.postgres.TestDatabase;
import dev.cofferdam.metering.Facts;
import dev.cofferdam.metering.kept.kafka.KeptIntake;
import dev.cofferdam.metering.kept.postgres.PostgresKeptBook;
import dev.cofferdam.metering.ledger.SilentListener;
import dev.cofferdam.metering.ledger.postgres.PostgresClosings;
import dev.cofferdam.metering.ledger.postgres.PostgresLedger;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import dev.cofferdam.vocabulary.TenantId;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a real Kafka into a real PostgreSQL, with failures on the way. */
class KafkaToLedgerTest {
  private static final int PARTITIONS = 4;
  private static final AtomicInteger NUMBER = new AtomicInteger();

  @TempDir static Path folder;
  private static TestKafka kafka;

  private final DataSource database = TestDatabase.create();
  private String topic;

  @BeforeAll
  static void startKafka() {
    kafka = new TestKafka(folder);
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

  @BeforeEach
  void createTopic() throws InterruptedException {
    topic = "usage-" + NUMBER.incrementAndGet();
    kafka.create(topic, PARTITIONS);
  }

  private FactConsumer consumer() {
    return FactConsumer.open(kafka.settings(), topic, topic + "-group", intake());
  }

  private LedgerIntake intake() {
    return new LedgerIntake(
        topic, new PostgresLedger(database), InstantSource.fixed(Facts.NOW), new SilentListener());
  }

  private void send(long seed, int count) {
    List<byte[]> values = Facts.random(seed, count).stream().map(Facts::bytes).toList();
    for (int partition = 0; partition < PARTITIONS; partition++) {
      List<byte[]> part = new ArrayList<>();
      for (int i = partition; i < values.size(); i += PARTITIONS) {
        part.add(values.get(i));
      }
      kafka.send(topic, partition, part);
    }
  }

  private long events() {
    return number(database, "select count(*) from usage_events");
  }

  private void awaitOffsets(long sum) throws InterruptedException {
    await(
        () ->
            number(database, "select coalesce(sum(next_offset), 0) from consumer_offsets") >= sum);
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < 600; i++) {
      if (condition.getAsBoolean()) {
        return;
      }
      Thread.sleep(50);
    }
    throw new AssertionError("waited in vain");
  }

  private void assertSumsEqualEvents() {
    assertThat(
            rows(
                database,
                """
                select sum(output_tokens)::bigint, sum(compute_us)::bigint from usage_events
                """))
        .isEqualTo(
            rows(
                database,
                """
                select sum(output_tokens)::bigint, sum(compute_us)::bigint from usage_rollups
                where period = 'hour'
                """))
        .isEqualTo(
            rows(
                database,
                """
                select sum(output_tokens)::bigint, sum(compute_us)::bigint from usage_rollups
                where period = 'month'
                """));
  }

  @Test
  void everyFactIsCountedOnceThoughItWasSentTwice() throws InterruptedException {
    send(1, 1_000);
    try (FactConsumer consumer = consumer()) {
      awaitOffsets(1_000);
      assertThat(consumer.ready()).isTrue();
      send(1, 1_000);
      awaitOffsets(2_000);
    }
    assertThat(events()).isEqualTo(1_000);
    assertSumsEqualEvents();
  }

  @Test
  void aRestartedConsumerGoesOnFromTheLedgersOffsets() throws InterruptedException {
    send(1, 500);
    try (FactConsumer first = consumer()) {
      awaitOffsets(500);
      assertThat(first.lostOffsets()).isZero();
    }
    send(2, 500);
    CountingSink counting = new CountingSink(intake());
    try (FactConsumer second =
        FactConsumer.open(kafka.settings(), topic, topic + "-group", counting)) {
      awaitOffsets(1_000);
      assertThat(second.lostOffsets()).isZero();
    }
    assertThat(counting.facts.get()).isEqualTo(500);
    assertThat(events()).isEqualTo(1_000);
  }

  @Test
  void aStoreThatFailsAfterItsCommitLeadsToNoSecondCount() throws InterruptedException {
    FactConsumer.Sink real = intake();
    AtomicInteger failures = new AtomicInteger(3);
    FactConsumer.Sink forgetful =
        new FactConsumer.Sink() {
          @Override
          public Map<Integer, Long> claim(Set<Integer> partitions) {
            return real.claim(partitions);
          }

          @Override
          public void store(List<FactConsumer.Fact> facts) {
            real.store(facts);
            if (failures.getAndDecrement() > 0) {
              throw new IllegalStateException("the answer to the commit was lost");
            }
          }
        };
    send(1, 400);
    try (FactConsumer consumer =
        FactConsumer.open(kafka.settings(), topic, topic + "-group", forgetful)) {
      awaitOffsets(400);
      send(2, 400);
      awaitOffsets(800);
      assertThat(consumer.lostOffsets()).isZero();
    }
    assertThat(events()).isEqualTo(800);
    assertSumsEqualEvents();
  }

  @Test
  void membersThatComeAndGoWhileFactsArriveCountEachOnce() throws InterruptedException {
    FactConsumer first = consumer();
    send(1, 2_000);
    FactConsumer second = consumer();
    send(2, 2_000);
    await(() -> first.ready() && second.ready());
    send(3, 2_000);
    first.close();
    send(4, 2_000);
    awaitOffsets(8_000);
    second.close();
    assertThat(events()).isEqualTo(8_000);
    assertSumsEqualEvents();
  }

  /** Seeded: members crash before and after their commits, come and go, while hours are closed. */
  @Test
  void duplicatesDisorderLatenessCrashesAndRebalancesLeaveEachTokenCountedOnce()
      throws InterruptedException {
    long seed = 20260302;
    SplittableRandom random = new SplittableRandom(seed);
    List<UsageRecorded> facts = Facts.random(seed, 6_000);
    List<UsageRecorded> sent = new ArrayList<>(facts);
    for (int i = 0; i < facts.size() / 100; i++) {
      sent.add(facts.get(random.nextInt(facts.size())));
    }
    Collections.shuffle(sent, new Random(seed));
    PostgresClosings closings = new PostgresClosings(database);
    ArrayDeque<FactConsumer> members = new ArrayDeque<>();
    members.add(crashing(random.split()));
    int chunk = sent.size() / 6;
    for (int part = 0; part < 6; part++) {
      List<UsageRecorded> some =
          sent.subList(part * chunk, part == 5 ? sent.size() : (part + 1) * chunk);
      for (int partition = 0; partition < PARTITIONS; partition++) {
        int own = partition;
        kafka.send(
            topic,
            partition,
            some.stream()
                .filter(f -> Math.floorMod(f.getTenant().hashCode(), PARTITIONS) == own)
                .map(Facts::bytes)
                .toList());
      }
      members.add(crashing(random.split()));
      awaitOffsets((part + 1L) * chunk / 2);
      if (members.size() > 2) {
        members.remove().close();
      }
      closings.close(
          Facts.NOW.minus(Duration.ofHours(70 - 12L * part)).truncatedTo(ChronoUnit.HOURS));
    }
    awaitOffsets(sent.size());
    members.forEach(FactConsumer::close);
    assertThat(events()).as("seed %d", seed).isEqualTo(facts.size());
    assertThat(number(database, "select sum(output_tokens) from usage_events"))
        .isEqualTo(facts.stream().mapToLong(UsageRecorded::getOutputTokens).sum());
    assertThat(
            number(
                database, "select count(*) from usage_rollup_hours where booked_at > period_start"))
        .isPositive();
    assertSumsEqualEvents();
  }

  /** A member that is lost now and then, with what it polled, before its commit or after it. */
  private FactConsumer crashing(SplittableRandom random) {
    FactConsumer.Sink real = intake();
    return FactConsumer.open(
        kafka.settings(),
        topic,
        topic + "-group",
        new FactConsumer.Sink() {
          @Override
          public Map<Integer, Long> claim(Set<Integer> partitions) {
            return real.claim(partitions);
          }

          @Override
          public void store(List<FactConsumer.Fact> facts) {
            int fate = random.nextInt(6);
            if (fate == 0) {
              throw new IllegalStateException("lost before the commit");
            }
            real.store(facts);
            if (fate == 1) {
              throw new IllegalStateException("lost after the commit");
            }
          }
        });
  }

  @Test
  void aBrokerThatWasAwayIsReadOnFromWhereItStood() throws InterruptedException {
    try (FactConsumer consumer = consumer()) {
      send(1, 200);
      awaitOffsets(200);
      kafka.stop();
      kafka.start();
      send(2, 200);
      awaitOffsets(400);
      assertThat(consumer.lostOffsets()).isZero();
    }
    assertThat(events()).isEqualTo(400);
    assertSumsEqualEvents();
  }

  @Test
  void whatKafkaLetGoOfUnreadIsCountedAsLostAndTheRestIsRead() throws Exception {
    try (FactConsumer consumer = consumer()) {
      send(1, 400);
      awaitOffsets(400);
      assertThat(consumer.lostOffsets()).isZero();
    }
    send(2, 400);
    try (Admin admin = Admin.create(kafka.settings().with(Map.of()))) {
      admin
          .deleteRecords(Map.of(new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(130)))
          .all()
          .get();
    }
    try (FactConsumer consumer = consumer()) {
      awaitOffsets(800);
      assertThat(consumer.lostOffsets()).isEqualTo(30);
    }
    assertThat(events()).isEqualTo(770);
    assertSumsEqualEvents();
  }

  @Test
  void poisonBetweenFactsHoldsNothingUp() throws InterruptedException {
    try (FactConsumer consumer = consumer()) {
      kafka.send(
          topic,
          0,
          List.of(
              new byte[] {1, 2, 3},
              Facts.bytes(Facts.usage(1, "harbor-books").build()),
              "not a fact".getBytes(java.nio.charset.StandardCharsets.UTF_8),
              Facts.bytes(Facts.usage(2, "harbor-books").build())));
      awaitOffsets(4);
      assertThat(consumer.lag()).isZero();
    }
    assertThat(events()).isEqualTo(2);
    assertThat(number(database, "select count(*) from rejected_events")).isEqualTo(2);
  }

  @Test
  void whatTwoGatewaysAndARestartedOneTellOfOneDatabaseIsCountedOnceAnHour() throws Exception {
    kafka.create(Topics.KEPT, PARTITIONS);
    Instant now = Facts.NOW;
    KeptFacts.Thing documents =
        KeptFacts.Thing.storage(new TenantId("harbor-books"), "db1", "documents");
    try (FactPublisher one = publisher("one");
        FactPublisher two = publisher("two")) {
      KeptFacts first = new KeptFacts(one);
      first.tell(documents, 0, now);
      first.tell(documents, 10, now);
      first.tell(documents, 11, now);
      new KeptFacts(two).tell(documents, 10, now);
      new KeptFacts(one).tell(documents, 10, now);
      first.tell(documents, 12, now.plus(Duration.ofHours(1)));
      try (FactConsumer consumer =
          FactConsumer.open(
              kafka.settings(),
              Topics.KEPT,
              "kept-group",
              new KeptIntake(
                  Topics.KEPT,
                  new PostgresKeptBook(database),
                  InstantSource.fixed(now.plus(Duration.ofHours(1))),
                  fact -> {}))) {
        awaitOffsets(4);
        assertThat(consumer.ready()).isTrue();
      }
    }
    assertThat(rows(database, "select bytes from kept_hours order by hour_ms"))
        .isEqualTo(rows(database, "values (10::bigint), (12)"));
  }

  private FactPublisher publisher(String name) {
    return FactPublisher.open(kafka.settings(), name, folder.resolve("spool-" + name), 1 << 20);
  }

  private static final class CountingSink implements FactConsumer.Sink {
    final AtomicInteger facts = new AtomicInteger();
    private final FactConsumer.Sink sink;

    CountingSink(FactConsumer.Sink sink) {
      this.sink = sink;
    }

    @Override
    public Map<Integer, Long> claim(Set<Integer> partitions) {
      return sink.claim(partitions);
    }

    @Override
    public void store(List<FactConsumer.Fact> batch) {
      sink.store(batch);
      facts.addAndGet(batch.size());
    }
  }
}
