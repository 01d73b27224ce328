package dev.cofferdam.metering.app;

import dev.cofferdam.mesh.bench.BenchDatabase;
import dev.cofferdam.mesh.kafka.FactConsumer;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.store.RejectedFact;
import dev.cofferdam.metering.ledger.Booked;
import dev.cofferdam.metering.ledger.kafka.LedgerIntake;
import dev.cofferdam.metering.ledger.postgres.PostgresLedger;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;

/** A process that reads facts into a benchmark's ledger, to be killed or to be told to end. */
final class BenchConsumer {
  private BenchConsumer() {}

  /**
   * Reads until its standard input ends. Arguments: JDBC URL, user, password, file of Kafka's
   * client properties, topic.
   *
   * @param arguments the arguments
   */
  public static void main(String[] arguments) throws Exception {
    try (BenchDatabase database = BenchDatabase.shared(arguments[0], arguments[1], arguments[2]);
        FactConsumer consumer =
            open(database, settings(Path.of(arguments[3])), arguments[4], new Silent())) {
      System.in.transferTo(OutputStream.nullOutputStream());
      System.out.println("ends, ready: " + consumer.ready());
    }
  }

  /** A consumer of a topic into a ledger. */
  static FactConsumer open(
      BenchDatabase database, KafkaSettings kafka, String topic, LedgerIntake.Listener listener) {
    return FactConsumer.open(
        kafka,
        topic,
        topic,
        new LedgerIntake(
            topic, new PostgresLedger(database.source()), Clock.systemUTC(), listener));
  }

  /** Kafka's client properties in a file. */
  static KafkaSettings settings(Path file) throws IOException {
    Properties properties = new Properties();
    try (InputStream in = Files.newInputStream(file)) {
      properties.load(in);
    }
    Map<String, String> all = new HashMap<>();
    properties.stringPropertyNames().forEach(name -> all.put(name, properties.getProperty(name)));
    return new KafkaSettings(all);
  }

  /** Accepts nothing but events. */
  static class Silent implements LedgerIntake.Listener {
    @Override
    public void added(Booked booked, Instant said) {}

    @Override
    public void skipped(int facts) {}

    @Override
    public void rejected(RejectedFact fact) {
      throw new IllegalStateException("a fact of the benchmark was rejected: " + fact.reason());
    }
  }
}
