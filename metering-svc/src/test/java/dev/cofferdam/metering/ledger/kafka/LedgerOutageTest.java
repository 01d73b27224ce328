package dev.cofferdam.metering.ledger.kafka;

import static dev.cofferdam.mesh.postgres.TestDatabase.number;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.kafka.FactConsumer;
import dev.cofferdam.mesh.kafka.TestKafka;
import dev.cofferdam.mesh.postgres.TestDatabase;
import dev.cofferdam.metering.Facts;
import dev.cofferdam.metering.ledger.SilentListener;
import dev.cofferdam.metering.ledger.postgres.PostgresLedger;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/** PostgreSQL dies, or has no room, while facts arrive. A server of its own, to be harmed. */
class LedgerOutageTest {
  /** No file of the server may be longer while its disk is full; its log's files are as long. */
  private static final int FULL_MIB = 2;

  @TempDir static Path broker;
  private static TestKafka kafka;

  @TempDir Path folder;
  private String topic;
  private EmbeddedPostgres postgres;
  private DataSource database;

  @BeforeAll
  static void startKafka() {
    kafka = new TestKafka(broker);
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

  @BeforeEach
  void start(TestInfo test) throws Exception {
    topic = test.getTestMethod().orElseThrow().getName();
    kafka.create(topic, 1);
    postgres = server(0);
    TestDatabase.execute(postgres.getPostgresDatabase(), "create role keeper login createrole");
    TestDatabase.execute(postgres.getPostgresDatabase(), "create database ledger owner keeper");
    database = postgres.getDatabase("keeper", "ledger");
    Flyway.configure().dataSource(database).load().migrate();
  }

  @AfterEach
  void stop() throws IOException {
    postgres.close();
  }

  private EmbeddedPostgres server(int port) throws IOException {
    return EmbeddedPostgres.builder()
        .setDataDirectory(folder.resolve("data"))
        .setCleanDataDirectory(false)
        .setLocaleConfig("wal-segsize", String.valueOf(FULL_MIB))
        .setServerConfig("fsync", "on")
        .setServerConfig("synchronous_commit", "on")
        .setPort(port)
        .start();
  }

  private ProcessHandle postmaster() throws IOException {
    return ProcessHandle.of(
            Long.parseLong(
                Files.readAllLines(folder.resolve("data").resolve("postmaster.pid")).getFirst()))
        .orElseThrow();
  }

  private void send(long seed, int count) {
    kafka.send(topic, 0, Facts.random(seed, count).stream().map(Facts::bytes).toList());
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < 1_200; i++) {
      if (condition.getAsBoolean()) {
        return;
      }
      Thread.sleep(50);
    }
    throw new AssertionError("waited in vain");
  }

  private void awaitOffset(long offset) throws InterruptedException {
    await(
        () ->
            number(database, "select coalesce(sum(next_offset), 0) from consumer_offsets")
                >= offset);
  }

  private long events() {
    return number(database, "select count(*) from usage_events");
  }

  private static final class Failing implements FactConsumer.Sink {
    final AtomicInteger failures = new AtomicInteger();
    private final FactConsumer.Sink sink;

    Failing(FactConsumer.Sink sink) {
      this.sink = sink;
    }

    @Override
    public Map<Integer, Long> claim(Set<Integer> partitions) {
      return counted(() -> sink.claim(partitions));
    }

    @Override
    public void store(List<FactConsumer.Fact> facts) {
      counted(
          () -> {
            sink.store(facts);
            return facts;
          });
    }

    private <T> T counted(Supplier<T> work) {
      try {
        return work.get();
      } catch (RuntimeException e) {
        failures.incrementAndGet();
        throw e;
      }
    }
  }

  private Failing sink() {
    return new Failing(
        new LedgerIntake(
            topic,
            new PostgresLedger(database),
            InstantSource.fixed(Facts.NOW),
            new SilentListener()));
  }

  @Test
  void aServerThatIsKilledAndComesBackHasEachFactOnce() throws Exception {
    Failing sink = sink();
    try (FactConsumer consumer =
        FactConsumer.open(kafka.settings(), topic, topic + "-group", sink)) {
      send(1, 1_000);
      awaitOffset(1_000);
      ProcessHandle killed = postmaster();
      assertThat(killed.destroyForcibly()).isTrue();
      killed.onExit().get(20, TimeUnit.SECONDS);
      send(2, 1_000);
      await(() -> sink.failures.get() > 1);
      postgres.close();
      postgres = server(postgres.getPort());
      awaitOffset(2_000);
      assertThat(consumer.lostOffsets()).isZero();
    }
    assertThat(events()).isEqualTo(2_000);
    assertThat(number(database, "select count(*) from usage_event_ids")).isEqualTo(2_000);
  }

  @Test
  void aServerWhoseDiskIsFullTakesNothingAnswersAndGoesOnWhenThereIsRoom() throws Exception {
    Failing sink = sink();
    try (FactConsumer consumer =
        FactConsumer.open(kafka.settings(), topic, topic + "-group", sink)) {
      send(1, 1_000);
      awaitOffset(1_000);
      limit(String.valueOf(FULL_MIB << 20));
      send(2, 14_000);
      await(() -> sink.failures.get() > 2);

      long stored = events();
      assertThat(stored).as("what is known is still told").isBetween(1_000L, 14_999L);
      assertThat(number(database, "select sum(next_offset) from consumer_offsets"))
          .as("nothing is passed over")
          .isEqualTo(stored);
      assertThat(number(database, "select count(*) from rejected_events")).isZero();

      limit("unlimited");
      awaitOffset(15_000);
      assertThat(consumer.lostOffsets()).isZero();
    }
    assertThat(events()).isEqualTo(15_000);
  }

  /** How long a file may become that the server, and each of its processes, writes. */
  private void limit(String bytes) throws Exception {
    ProcessHandle server = postmaster();
    List<ProcessHandle> all = new ArrayList<>(server.descendants().toList());
    all.add(server);
    for (ProcessHandle process : all) {
      new ProcessBuilder("prlimit", "--pid", "" + process.pid(), "--fsize=" + bytes + ":unlimited")
          .start()
          .waitFor();
    }
  }
}
