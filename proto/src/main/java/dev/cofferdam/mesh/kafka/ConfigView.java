package dev.cofferdam.mesh.kafka;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A view of a compacted topic by key. It follows the topic on a thread of its own, keeps what it
 * knows while Kafka is away, and starts from a snapshot on disk. Reads are lock-free and
 * consistent: a {@link #snapshot} is one moment of the topic.
 *
 * @param <T> the records' type
 */
public final class ConfigView<T extends Message> implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ConfigView.class);

  /** How long Kafka lets an ask for changes wait that there are none of: a change ends the wait. */
  private static final Duration POLL = Duration.ofSeconds(3);

  private static final Duration ASK = Duration.ofSeconds(3);
  private static final long SNAPSHOT_PATIENCE_MS = 3_000;

  private static final long AGAIN_MS = 500;

  private final String topic;
  private final Parser<T> parser;
  private final Path snapshotFile;
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private final TopicReader reader;
  private final long startedMs = System.currentTimeMillis();
  private final boolean fromSnapshot;
  private volatile Map<String, T> view;
  private final Object moved = new Object();

  /** Guarded by {@link #moved}; what lies before these offsets is in the view. */
  private Map<TopicPartition, Long> offsets = Map.of();

  private volatile boolean readToEnd;

  private ConfigView(KafkaSettings settings, String topic, Parser<T> parser, Path snapshotFile) {
    this.topic = topic;
    this.parser = parser;
    this.snapshotFile = snapshotFile;
    Optional<Map<String, T>> stored = load();
    this.fromSnapshot = stored.isPresent();
    this.view = stored.orElse(Map.of());
    this.reader =
        new TopicReader(
            "config-" + topic,
            settings,
            topic,
            Map.of(
                "auto.offset.reset", "none",
                "isolation.level", "read_committed",
                "fetch.max.wait.ms", (int) POLL.toMillis()),
            AGAIN_MS,
            this::follow);
  }

  /**
   * Opens a view and begins to read.
   *
   * @param snapshotFile where the view is kept between starts
   */
  public static <T extends Message> ConfigView<T> open(
      KafkaSettings settings, String topic, Parser<T> parser, Path snapshotFile) {
    ConfigView<T> view = new ConfigView<>(settings, topic, parser, snapshotFile);
    view.reader.start();
    return view;
  }

  /** The record of a key. */
  public Optional<T> get(String key) {
    return Optional.ofNullable(view.get(key));
  }

  /** All records by key; immutable. */
  public Map<String, T> snapshot() {
    return view;
  }

  /** The topic. */
  public String topic() {
    return topic;
  }

  /**
   * Waits until the view holds what its topic has before these offsets; those of other topics do
   * not count.
   *
   * @return whether that came true in time
   */
  boolean awaitOffsets(Map<TopicPartition, Long> ends, long waitNs) throws InterruptedException {
    long endNs = System.nanoTime() + waitNs;
    synchronized (moved) {
      while (!holds(ends)) {
        long leftMs = TimeUnit.NANOSECONDS.toMillis(endNs - System.nanoTime());
        if (leftMs <= 0) {
          return false;
        }
        moved.wait(leftMs);
      }
      return true;
    }
  }

  private boolean holds(Map<TopicPartition, Long> ends) {
    return ends.entrySet().stream()
        .filter(end -> end.getKey().topic().equals(topic))
        .allMatch(end -> offsets.getOrDefault(end.getKey(), -1L) >= end.getValue());
  }

  /** Runs something after each change, on the view's thread. */
  public void onChange(Runnable listener) {
    listeners.add(listener);
  }

  /**
   * Whether the view can be served from: it has read everything that the topic held when it began,
   * or it has a snapshot and Kafka has not answered for three seconds.
   */
  public boolean caughtUp() {
    return readToEnd
        || (fromSnapshot && System.currentTimeMillis() - startedMs > SNAPSHOT_PATIENCE_MS);
  }

  @Override
  public void close() {
    reader.close();
  }

  /** Rebuilds the view from the beginning, puts it in force at the end, then follows. */
  private void follow(KafkaConsumer<String, byte[]> current, List<TopicPartition> partitions) {
    moveTo(Map.of());
    current.seekToBeginning(partitions);
    Map<TopicPartition, Long> ends = current.endOffsets(partitions, ASK);
    Map<String, T> building = new HashMap<>();
    while (!reader.closed() && !reached(current, ends)) {
      apply(current.poll(POLL), building);
    }
    replace(building);
    readToEnd = true;
    while (!reader.closed()) {
      reached(current);
      ConsumerRecords<String, byte[]> records = current.poll(POLL);
      if (!records.isEmpty()) {
        Map<String, T> next = new HashMap<>(view);
        apply(records, next);
        replace(next);
      }
    }
  }

  private void reached(KafkaConsumer<String, byte[]> current) {
    Map<TopicPartition, Long> now = new HashMap<>();
    for (TopicPartition partition : current.assignment()) {
      now.put(partition, current.position(partition, ASK));
    }
    moveTo(now);
  }

  private void moveTo(Map<TopicPartition, Long> now) {
    synchronized (moved) {
      offsets = now;
      moved.notifyAll();
    }
  }

  private static boolean reached(
      KafkaConsumer<String, byte[]> consumer, Map<TopicPartition, Long> ends) {
    for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
      if (consumer.position(end.getKey(), ASK) < end.getValue()) {
        return false;
      }
    }
    return true;
  }

  private void apply(ConsumerRecords<String, byte[]> records, Map<String, T> target) {
    for (ConsumerRecord<String, byte[]> change : records) {
      byte[] value = change.value();
      if (value == null) {
        target.remove(change.key());
        continue;
      }
      try {
        target.put(change.key(), parser.parseFrom(value));
      } catch (InvalidProtocolBufferException e) {
        LOG.error(
            "a record of {} at offset {} is unreadable; kept the last", topic, change.offset());
      }
    }
  }

  private void replace(Map<String, T> next) {
    if (readToEnd && next.equals(view)) {
      return;
    }
    view = Map.copyOf(next);
    try {
      SnapshotFile.write(snapshotFile, view);
    } catch (IOException e) {
      LOG.warn("cannot keep a snapshot of {}: {}", topic, e.getMessage());
    }
    for (Runnable listener : listeners) {
      try {
        listener.run();
      } catch (RuntimeException e) {
        LOG.error("a listener of {} failed", topic, e);
      }
    }
  }

  private Optional<Map<String, T>> load() {
    try {
      return SnapshotFile.read(snapshotFile, parser);
    } catch (IOException e) {
      LOG.warn("the snapshot of {} is unusable, reading from Kafka: {}", topic, e.getMessage());
      return Optional.empty();
    }
  }
}
