package dev.cofferdam.metering.app;

import dev.cofferdam.mesh.bench.BenchDatabase;
import dev.cofferdam.mesh.bench.BenchResults;
import dev.cofferdam.mesh.kafka.FactConsumer;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.metering.ledger.Booked;
import dev.cofferdam.metering.usage.kafka.UsageFacts;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Facts from a producer over Kafka into the ledger: how many, and how late. */
final class BenchPipeline {
  private static final int SCALE_EVENTS = 120_000;
  private static final int POLL_RECORDS = 2_000;
  private static final int LAG_EVENTS_S = 5_000;
  private static final int LAG_S = 12;
  private static final int LAG_WARM_S = 4;
  private static final long SPOOL_BYTES = 256L << 20;
  private static final int WAIT_MS = 600_000;

  private final BenchDatabase database;
  private final KafkaSettings kafka;
  private long seed = 100;

  BenchPipeline(BenchDatabase database, KafkaSettings kafka) {
    this.database = database;
    this.kafka = kafka;
  }

  /** Events of one topic, counted as they are committed. */
  private static final class Counting extends BenchConsumer.Silent {
    final AtomicInteger events = new AtomicInteger();
    final AtomicLong firstNs = new AtomicLong();
    final AtomicLong lastNs = new AtomicLong();

    @Override
    public void added(Booked booked, Instant said) {
      long now = System.nanoTime();
      firstNs.compareAndSet(0, now);
      lastNs.set(now);
      events.incrementAndGet();
    }
  }

  /** Events per second that wait in a topic, by partitions and consumers. */
  void scale(BenchResults results) throws Exception {
    consume(4, 2);
    for (int[] way : new int[][] {{1, 1}, {4, 1}, {4, 2}, {4, 4}}) {
      double rate = consume(way[0], way[1]);
      results.add(
          way[0] == 4 && way[1] == 2
              ? "ledger_events_s"
              : "ledger_events_s_partitions_" + way[0] + "_consumers_" + way[1],
          rate,
          "events/s",
          0);
    }
  }

  private double consume(int partitions, int consumers) throws Exception {
    BenchFacts facts = new BenchFacts(seed++, Clock.systemUTC().millis());
    String topic = create("bench-" + seed, partitions);
    try (KafkaProducer<String, byte[]> producer = producer()) {
      for (int i = 0; i < SCALE_EVENTS; i++) {
        UsageRecorded data = facts.data(i);
        producer.send(
            new ProducerRecord<>(topic, data.getTenant(), facts.event(data, BenchFacts.WORKER)));
      }
    }
    Counting counting = new Counting();
    List<FactConsumer> all = new ArrayList<>();
    for (int i = 0; i < consumers; i++) {
      all.add(BenchConsumer.open(database, kafka, topic, counting));
    }
    await(() -> counting.events.get() == SCALE_EVENTS);
    all.parallelStream().forEach(FactConsumer::close);
    // From the first commits on: what they held is not counted.
    int counted = SCALE_EVENTS - consumers * POLL_RECORDS;
    return counted * 1e9 / (counting.lastNs.get() - counting.firstNs.get());
  }

  /** How long an event takes from the producer's append to its spool to the ledger's commit. */
  void lag(BenchResults results) throws Exception {
    BenchFacts facts = new BenchFacts(seed++, Clock.systemUTC().millis());
    String topic = create("bench-lag", 4);
    long[] lags = new long[LAG_EVENTS_S * LAG_S];
    AtomicInteger next = new AtomicInteger();
    BenchConsumer.Silent measuring =
        new BenchConsumer.Silent() {
          @Override
          public void added(Booked booked, Instant said) {
            lags[next.getAndIncrement()] = Duration.between(said, Instant.now()).toNanos();
          }
        };
    Path folder = Files.createTempDirectory("bench-spool");
    try (FactConsumer one = BenchConsumer.open(database, kafka, topic, measuring);
        FactConsumer two = BenchConsumer.open(database, kafka, topic, measuring);
        FactPublisher publisher = FactPublisher.open(kafka, "bench", folder, SPOOL_BYTES)) {
      await(() -> one.ready() && two.ready());
      long startNs = System.nanoTime();
      for (int i = 0; i < lags.length; i++) {
        long dueNs = startNs + i * 1_000_000_000L / LAG_EVENTS_S;
        while (System.nanoTime() < dueNs) {
          Thread.sleep(1);
        }
        UsageRecorded data = facts.data(i);
        publisher.publish(topic, data.getTenant(), BenchFacts.id(data), UsageFacts.TYPE, data);
      }
      await(() -> next.get() == lags.length);
    } finally {
      delete(folder);
    }
    // The first seconds are the compiler's.
    long[] steady = Arrays.copyOfRange(lags, LAG_EVENTS_S * LAG_WARM_S, lags.length);
    Arrays.sort(steady);
    results.add("ledger_lag_p50_s", steady[steady.length / 2] / 1e9, "s", 0);
    results.add("ledger_lag_p99_s", steady[(int) (steady.length * 0.99)] / 1e9, "s", 0);
    results.add("ledger_lag_max_s", steady[steady.length - 1] / 1e9, "s", 0);
  }

  /** A producer as the mesh's are: idempotent, nothing taken for written that is not. */
  KafkaProducer<String, byte[]> producer() {
    return new KafkaProducer<>(
        kafka.with(
            Map.of(
                "acks", "all",
                "enable.idempotence", "true",
                "max.in.flight.requests.per.connection", "1",
                "linger.ms", "20",
                "batch.size", "131072",
                "buffer.memory", "33554432")),
        new StringSerializer(),
        new ByteArraySerializer());
  }

  /** Kafka's administration. */
  Admin admin() {
    return Admin.create(kafka.with(Map.of()));
  }

  /** Makes a topic. */
  String create(String topic, int partitions) throws InterruptedException, ExecutionException {
    try (Admin admin = admin()) {
      admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
    }
    return topic;
  }

  /** Something that becomes true. */
  interface Condition {
    boolean holds() throws Exception;
  }

  /** Waits for it, ten minutes at most. */
  static void await(Condition condition) throws Exception {
    long endMs = System.currentTimeMillis() + WAIT_MS;
    while (!condition.holds()) {
      if (System.currentTimeMillis() > endMs) {
        throw new IllegalStateException("the events do not arrive");
      }
      Thread.sleep(5);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
