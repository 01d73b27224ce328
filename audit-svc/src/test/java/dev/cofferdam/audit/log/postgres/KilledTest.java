package dev.cofferdam.audit.log.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.audit.Facts;
import dev.cofferdam.audit.TestLog;
import dev.cofferdam.audit.log.LogVerifier.Finding;
import dev.cofferdam.audit.log.kafka.LogIntake;
import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.ProofCheck;
import dev.cofferdam.audit.proof.Proofs;
import dev.cofferdam.audit.proof.TreeHash;
import dev.cofferdam.audit.record.AuditEvent;
import dev.cofferdam.audit.sealing.KeyRing;
import dev.cofferdam.audit.sealing.MasterKey;
import dev.cofferdam.mesh.kafka.FactConsumer;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.TestKafka;
import dev.cofferdam.mesh.postgres.TestDatabase;
import dev.cofferdam.mesh.store.RejectedFact;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** The log while its database, or the process that writes it, is killed. */
class KilledTest {
  private static final int FACTS = 1_500;

  @TempDir static Path folder;
  private static TestKafka kafka;
  private static EmbeddedPostgres server;

  @BeforeAll
  static void start() throws IOException {
    kafka = new TestKafka(folder.resolve("kafka"));
    server = server(0);
  }

  @AfterAll
  static void stop() throws IOException {
    kafka.close();
    server.close();
  }

  /** A server of its own that keeps what it has confirmed. */
  private static EmbeddedPostgres server(int port) throws IOException {
    EmbeddedPostgres.Builder builder =
        EmbeddedPostgres.builder()
            .setDataDirectory(folder.resolve("data"))
            .setCleanDataDirectory(false)
            .setServerConfig("fsync", "on")
            .setServerConfig("synchronous_commit", "on");
    return port == 0 ? builder.start() : builder.setPort(port).start();
  }

  private static TestLog log(String database) {
    TestDatabase.execute(server.getPostgresDatabase(), "create database " + database);
    DataSource source = server.getDatabase("postgres", database);
    Flyway.configure().dataSource(source).load().migrate();
    return new TestLog(source);
  }

  private static void killServer() throws Exception {
    Path file = folder.resolve("data/postmaster.pid");
    ProcessHandle postmaster =
        ProcessHandle.of(Long.parseLong(Files.readAllLines(file).getFirst())).orElseThrow();
    List<ProcessHandle> all = new ArrayList<>(postmaster.children().toList());
    all.addFirst(postmaster);
    all.forEach(ProcessHandle::destroyForcibly);
    for (ProcessHandle one : all) {
      one.onExit().get(20, TimeUnit.SECONDS);
    }
  }

  private static void send(String topic, long from) throws InterruptedException {
    kafka.create(topic, 2);
    for (int partition = 0; partition < 2; partition++) {
      List<byte[]> values = new ArrayList<>();
      for (AuditRecorded fact : Facts.some(from + (long) partition * FACTS, FACTS)) {
        values.add(Facts.bytes(fact));
      }
      kafka.send(topic, partition, values);
    }
  }

  /** Batches of at most 50, and a member that is gone after a second. */
  private static FactConsumer consumer(
      String brokers, String topic, DataSource source, MasterKey key, LogIntake.Listener told) {
    PostgresDataKeys keys = new PostgresDataKeys(source, KeyRing.of(key));
    return FactConsumer.open(
        new KafkaSettings(
            Map.of(
                "bootstrap.servers", brokers,
                "max.poll.records", "50",
                "session.timeout.ms", "1000",
                "heartbeat.interval.ms", "200")),
        topic,
        topic,
        new LogIntake(topic, new PostgresAuditLog(source, keys), InstantSource.system(), told));
  }

  private static String brokers() {
    return kafka.settings().properties().get("bootstrap.servers");
  }

  private static void awaitAppended(TestLog log, int count) throws InterruptedException {
    for (int i = 0; i < 3_000 && log.appended.size() < count; i++) {
      Thread.sleep(10);
    }
    assertThat(log.appended).hasSizeGreaterThanOrEqualTo(count);
  }

  private static void awaitSize(TestLog log, long size) throws InterruptedException {
    for (int i = 0; i < 600 && log.reader.head().size() < size; i++) {
      Thread.sleep(50);
    }
  }

  /** All facts of a number once, in a tree that goes on from what was signed, and proves them. */
  private static void assertWhole(TestLog log, long size, List<Checkpoint> signed) {
    assertThat(log.reader.head().size()).isEqualTo(size);
    assertThat(TestDatabase.number(log.database, "select count(distinct event_id) from leaves"))
        .isEqualTo(size);
    Checkpoint last = log.sign();
    assertThat(log.verify(signed.toArray(Checkpoint[]::new))).isEqualTo(new Finding.Intact(size));
    for (Checkpoint earlier : signed) {
      List<TreeHash> proof = Proofs.consistency(earlier.size(), size, log.reader);
      assertThat(ProofCheck.consistency(earlier.size(), earlier.root(), size, last.root(), proof))
          .isTrue();
    }
    PostgresLogCopy copy = new PostgresLogCopy(log.database);
    for (long index = 0; index < size; index += 499) {
      TreeHash leaf = TreeHash.leaf(copy.leaves(index, 1).getFirst().bytes());
      List<TreeHash> proof = Proofs.inclusion(index, size, log.reader);
      assertThat(ProofCheck.inclusion(leaf, index, size, proof, last.root())).isTrue();
    }
    assertThat(log.rejected).isEmpty();
  }

  @Test
  void aDatabaseThatIsKilledWhileItAppendsLosesNoRecordAndDoublesNone() throws Exception {
    send("killed-database", 10_000);
    TestLog log = log("killed_database");
    List<Checkpoint> signed = new ArrayList<>();
    try (FactConsumer consumer =
        consumer(brokers(), "killed-database", log.database, log.master, log)) {
      for (int round = 1; round <= 3; round++) {
        awaitAppended(log, 400 * round);
        signed.add(log.sign());
        int port = server.getPort();
        if (round != 2) {
          killServer();
        }
        server.close();
        server = server(port);
      }
      awaitSize(log, 2 * FACTS);
      assertThat(consumer.ready()).isTrue();
    }
    assertWhole(log, 2 * FACTS, signed);
  }

  /** A writer that says what it has appended, and ends itself after so many records. */
  static final class Writing implements LogIntake.Listener {
    private final int recordsMax;
    private int records;

    private Writing(int recordsMax) {
      this.recordsMax = recordsMax;
    }

    /** Arguments: Kafka's address, the database's, the key in hex, topic, records. */
    public static void main(String[] arguments) throws InterruptedException {
      PGSimpleDataSource database = new PGSimpleDataSource();
      database.setUrl(arguments[1]);
      consumer(
          arguments[0],
          arguments[3],
          database,
          new MasterKey(HexFormat.of().parseHex(arguments[2])),
          new Writing(Integer.parseInt(arguments[4])));
      Thread.sleep(60_000);
    }

    @Override
    public void appended(AuditEvent event) {
      System.out.println("appended " + ++records);
      if (records == recordsMax) {
        // Its transaction is committed, and nobody but the database knows.
        Runtime.getRuntime().halt(9);
      }
    }

    @Override
    public void skipped(int facts) {}

    @Override
    public void rejected(RejectedFact fact) {
      throw new AssertionError(fact.reason());
    }
  }

  /** Runs a writer until it ends itself, or is killed at some moment after so many records. */
  private static void runWriter(byte[] key, int ends, int killed) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xmx128m",
                "-cp",
                System.getProperty("java.class.path"),
                Writing.class.getName(),
                brokers(),
                server.getJdbcUrl("postgres", "killed_writer"),
                HexFormat.of().formatHex(key),
                "killed-writer",
                Integer.toString(ends))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    int appended = 0;
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("appended") && ++appended == killed) {
          assertThat(process.toHandle().destroyForcibly()).isTrue();
        }
      }
    }
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(appended).isGreaterThanOrEqualTo(Math.min(ends, killed));
  }

  @Test
  void aWriterThatIsKilledBehindItsCommitOrAnywhereLosesNoRecordAndDoublesNone() throws Exception {
    send("killed-writer", 20_000);
    byte[] key = new byte[MasterKey.BYTES];
    TestLog log = log("killed_writer");
    List<Checkpoint> signed = new ArrayList<>();
    runWriter(key, 130, Integer.MAX_VALUE);
    signed.add(log.sign());
    runWriter(key, Integer.MAX_VALUE, 333);
    signed.add(log.sign());
    try (FactConsumer consumer =
        consumer(brokers(), "killed-writer", log.database, new MasterKey(key), log)) {
      awaitSize(log, 2 * FACTS);
      assertThat(consumer.ready()).isTrue();
    }
    assertWhole(log, 2 * FACTS, signed);
  }
}
