package dev.cofferdam.metering.app;

import dev.cofferdam.mesh.bench.BenchDatabase;
import dev.cofferdam.mesh.bench.BenchResults;
import dev.cofferdam.metering.ledger.postgres.PostgresClosings;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Many events, a hundredth of them twice and by two sources, out of order, some of them days late,
 * read by processes that are killed, told to go, and joined by others, while hours are closed: does
 * the ledger hold every token of every tenant once?
 */
final class BenchExactlyOnce {
  private static final int PARTITIONS = 4;
  private static final int REORDER = 2_000;
  private static final int KINDS = 4;

  /** For how long nothing may be stored; how long all of it takes depends on the machine. */
  private static final int PATIENCE_MIN = 10;

  private static final int LATE_HOURS = 48;
  private static final int DISTURBANCES = 12;
  private static final int EVENTS_S = 10_000;
  private static final int APART_S_MIN = 5;
  private static final int APART_S_MAX = 45;
  private static final int STEP_MS = 1_000;
  private static final int PROGRESS_S = 30;

  /**
   * Records that wait in Kafka; what is stored is deleted there, so that no disk is filled twice.
   */
  private static final long WAITING_MAX = 200_000;

  private static final String SCHEDULER = "/cofferdam/scheduler-bench";

  /** What is compared of each tenant: events, input, cached input, output. */
  private static final String SUMS =
      "count(*), sum(prompt_tokens), sum(cached_prompt_tokens), sum(output_tokens)";

  private static final String ROLLED_UP =
      "sum(requests), sum(prompt_tokens), sum(cached_prompt_tokens), sum(output_tokens)";

  private final BenchDatabase database;
  private final BenchPipeline pipeline;
  private final List<String> places;
  private final int events;
  private final SplittableRandom random = new SplittableRandom(7);
  private final BenchFacts facts = new BenchFacts(7, Clock.systemUTC().millis());
  private final Map<String, long[]> produced = new HashMap<>();
  private final AtomicLong records = new AtomicLong();
  private volatile int sent;
  private volatile long stored;
  private volatile boolean ended;
  private int killed;
  private int left;

  /**
   * @param places arguments of {@link BenchConsumer} but the topic
   * @param events how many events, duplicates not counted
   */
  BenchExactlyOnce(
      BenchDatabase database, BenchPipeline pipeline, List<String> places, int events) {
    this.database = database;
    this.pipeline = pipeline;
    this.places = places;
    this.events = events;
  }

  void run(BenchResults results) throws Exception {
    Map<String, Map<String, long[]>> first = ledger();
    String topic = pipeline.create("bench-once", PARTITIONS);
    long startNs = System.nanoTime();
    Thread producer = Thread.ofPlatform().daemon().start(() -> produce(topic));
    Deque<Process> consumers = new ArrayDeque<>();
    try (Admin admin = pipeline.admin()) {
      consumers.add(consumer(topic));
      consumers.add(consumer(topic));
      long disturbNs = startNs + apartNs();
      long tellNs = startNs;
      long progressNs = startNs;
      while (producer.isAlive() || stored < records.get()) {
        long now = System.nanoTime();
        if (now - progressNs > TimeUnit.MINUTES.toNanos(PATIENCE_MIN)) {
          throw new IllegalStateException("the events do not arrive");
        }
        Thread.sleep(STEP_MS);
        long before = stored;
        stored = release(admin, topic);
        if (stored > before) {
          progressNs = now;
        }
        if (now > disturbNs) {
          disturb(consumers, topic);
          close(producer.isAlive());
          disturbNs = System.nanoTime() + apartNs();
        }
        if (now > tellNs) {
          tell(startNs);
          tellNs = now + TimeUnit.SECONDS.toNanos(PROGRESS_S);
        }
      }
    } finally {
      ended = true;
      for (Process consumer : consumers) {
        consumer.destroyForcibly();
      }
    }
    double seconds = (System.nanoTime() - startNs) / 1e9;
    long difference = 0;
    for (Map.Entry<String, Map<String, long[]>> sums : ledger().entrySet()) {
      difference += difference(sums.getValue(), first.getOrDefault(sums.getKey(), Map.of()));
    }
    results.add("ledger_once_events", events, "events", 0);
    results.add("ledger_once_records", records.get(), "records", 0);
    results.add("ledger_once_consumers_killed", killed, "processes", 0);
    results.add("ledger_once_rebalances", killed + left, "at least", 0);
    results.add(
        "ledger_once_corrections",
        number(
            "select count(*) from usage_events where"
                + " booked_at > date_trunc('hour', to_timestamp(ended_ms / 1000), 'UTC')"),
        "events",
        0);
    results.add("ledger_once_rejected", number("select count(*) from rejected_events"), "", 0);
    results.add("ledger_once_s", seconds, "s", 0);
    results.add("ledger_once_events_s", events / seconds, "events/s", 0);
    results.add("ledger_difference_tokens", difference, "tokens", 0);
  }

  /**
   * A dozen disturbances in a long run, but none so close to the last that nothing is read between.
   */
  private long apartNs() {
    int mean = Math.clamp(events / EVENTS_S / DISTURBANCES, APART_S_MIN, APART_S_MAX);
    return TimeUnit.MILLISECONDS.toNanos(random.nextInt(mean * 600, mean * 1_400));
  }

  private void tell(long startNs) {
    System.out.printf(
        Locale.ROOT,
        "  %,d s: %,d of %,d events are sent, %,d records stored, %d consumers killed%n",
        TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - startNs),
        sent,
        events,
        stored,
        killed);
  }

  /** Records that are stored, of all partitions; Kafka lets go of them. */
  private long release(Admin admin, String topic) throws Exception {
    Map<TopicPartition, RecordsToDelete> before = new HashMap<>();
    long all = 0;
    for (int partition = 0; partition < PARTITIONS; partition++) {
      long next =
          number(
              "select coalesce(sum(next_offset), 0) from consumer_offsets where topic = '"
                  + topic
                  + "' and \"partition\" = "
                  + partition);
      all += next;
      before.put(new TopicPartition(topic, partition), RecordsToDelete.beforeOffset(next));
    }
    admin.deleteRecords(before).all().get(1, TimeUnit.MINUTES);
    return all;
  }

  /** Waits while too much waits in Kafka. */
  private void makeRoom() {
    try {
      while (records.get() - stored > WAITING_MAX && !ended) {
        Thread.sleep(STEP_MS / 10);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private void produce(String topic) {
    try (KafkaProducer<String, byte[]> producer = pipeline.producer()) {
      SplittableRandom dice = new SplittableRandom(8);
      for (int from = 0; from < events; from += REORDER) {
        sent = from;
        makeRoom();
        int[] order = new int[Math.min(REORDER, events - from)];
        Arrays.setAll(order, i -> i);
        for (int i = order.length - 1; i > 0; i--) {
          int other = dice.nextInt(i + 1);
          int swapped = order[i];
          order[i] = order[other];
          order[other] = swapped;
        }
        for (int i : order) {
          UsageRecorded data = facts.data(from + i);
          send(producer, topic, data, BenchFacts.WORKER);
          add(data);
          if (dice.nextInt(100) == 0) {
            if (dice.nextBoolean()) {
              // One that was sent before, or will be: whoever comes first is counted.
              UsageRecorded other = facts.data(dice.nextInt(from + order.length));
              send(producer, topic, other, SCHEDULER);
            } else {
              send(producer, topic, data, BenchFacts.WORKER);
            }
          }
        }
      }
    }
  }

  private void send(
      KafkaProducer<String, byte[]> producer, String topic, UsageRecorded data, String source) {
    producer.send(new ProducerRecord<>(topic, data.getTenant(), facts.event(data, source)));
    records.incrementAndGet();
  }

  private void add(UsageRecorded data) {
    long[] sums = produced.computeIfAbsent(data.getTenant(), tenant -> new long[KINDS]);
    sums[0]++;
    sums[1] += data.getPromptTokens();
    sums[2] += data.getCachedPromptTokens();
    sums[3] += data.getOutputTokens();
  }

  private Process consumer(String topic) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx384m", "-XX:+UseSerialGC", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.add(BenchConsumer.class.getName());
    command.addAll(places);
    command.add(topic);
    return new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  /** Kills one, lets one go, or lets a further one in. */
  private void disturb(Deque<Process> consumers, String topic) throws Exception {
    switch (random.nextInt(4)) {
      case 0, 1 -> {
        consumers.remove().destroyForcibly().waitFor();
        killed++;
        consumers.add(consumer(topic));
      }
      case 2 -> {
        leave(consumers.remove());
        consumers.add(consumer(topic));
      }
      default -> {
        consumers.add(consumer(topic));
        if (consumers.size() > 3) {
          leave(consumers.remove());
        }
      }
    }
  }

  private void leave(Process consumer) throws IOException, InterruptedException {
    consumer.getOutputStream().close();
    if (!consumer.waitFor(15, TimeUnit.SECONDS)) {
      consumer.destroyForcibly();
    }
    left++;
  }

  /**
   * Closes some hours more each time, so that ever more of what is late is a correction; what ended
   * in the last two is in time.
   */
  private void close(boolean still) {
    PostgresClosings closings = new PostgresClosings(database.source());
    Instant now = Instant.now().truncatedTo(ChronoUnit.HOURS).minus(Duration.ofHours(2));
    Instant next = closings.closedBefore().plus(Duration.ofHours(6));
    Instant first = now.minus(Duration.ofHours(LATE_HOURS));
    if (still) {
      closings.close(next.isBefore(first) ? first : next.isAfter(now) ? now : next);
    }
  }

  /** Each tenant's sums, by where the ledger keeps them. */
  private Map<String, Map<String, long[]>> ledger() throws SQLException {
    Map<String, Map<String, long[]>> all = new HashMap<>();
    all.put("events", sums("select tenant, " + SUMS + " from usage_events group by tenant"));
    for (String period : List.of("hour", "day", "month")) {
      all.put(
          period,
          sums(
              "select tenant, "
                  + ROLLED_UP
                  + " from usage_rollups where period = '"
                  + period
                  + "' group by tenant"));
    }
    return all;
  }

  private Map<String, long[]> sums(String sql) throws SQLException {
    Map<String, long[]> sums = new HashMap<>();
    try (Connection connection = database.source().getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("set cofferdam.view = 'everybody'");
      try (ResultSet row = statement.executeQuery(sql)) {
        while (row.next()) {
          long[] values = new long[KINDS];
          for (int i = 0; i < KINDS; i++) {
            values[i] = row.getLong(i + 2);
          }
          sums.put(row.getString(1), values);
        }
      }
      statement.execute("reset cofferdam.view");
    }
    return sums;
  }

  private long number(String sql) throws SQLException {
    return sums("select 'all', (" + sql + "), 0, 0, 0").getOrDefault("all", new long[KINDS])[0];
  }

  private long difference(Map<String, long[]> after, Map<String, long[]> before) {
    long difference = 0;
    for (String tenant : after.keySet()) {
      long[] was = before.getOrDefault(tenant, new long[KINDS]);
      long[] is = after.getOrDefault(tenant, new long[KINDS]);
      long[] expected = produced.getOrDefault(tenant, new long[KINDS]);
      for (int i = 0; i < KINDS; i++) {
        difference += Math.abs(is[i] - was[i] - expected[i]);
      }
    }
    for (Map.Entry<String, long[]> tenant : produced.entrySet()) {
      if (!after.containsKey(tenant.getKey())) {
        difference += Arrays.stream(tenant.getValue()).sum();
      }
    }
    return difference;
  }
}
