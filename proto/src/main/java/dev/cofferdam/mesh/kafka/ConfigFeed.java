package dev.cofferdam.mesh.kafka;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/**
 * Follows compacted topics with one consumer, on a thread of its own, and keeps a {@link
 * ConfigView} of each. What is known stays in force while Kafka is away.
 */
public final class ConfigFeed implements AutoCloseable {
  /** How long Kafka lets an ask for changes wait that there are none of: a change ends the wait. */
  private static final Duration POLL = Duration.ofSeconds(3);

  private static final Duration ASK = Duration.ofSeconds(3);
  private static final long SNAPSHOT_PATIENCE_MS = 3_000;
  private static final long AGAIN_MS = 500;

  private final Map<String, ConfigView<?>> views;
  private final TopicReader reader;
  private final long startedMs = System.currentTimeMillis();
  private final Object moved = new Object();

  /** Guarded by {@link #moved}; what lies before these offsets is in the views. */
  private Map<TopicPartition, Long> offsets = Map.of();

  private volatile boolean readToEnd;

  private ConfigFeed(KafkaSettings settings, Map<String, ConfigView<?>> views) {
    this.views = views;
    this.reader =
        new TopicReader(
            "config",
            settings,
            views.keySet(),
            Map.of(
                "auto.offset.reset", "none",
                "isolation.level", "read_committed",
                "fetch.max.wait.ms", (int) POLL.toMillis()),
            AGAIN_MS,
            this::follow);
  }

  /**
   * Of which topics there are to be views.
   *
   * @param snapshots folder where views are kept between starts
   */
  public static Builder of(KafkaSettings settings, Path snapshots) {
    return new Builder(settings, snapshots);
  }

  /** A feed before it reads. */
  public static final class Builder {
    private final KafkaSettings settings;
    private final Path snapshots;
    private final Map<String, ConfigView<?>> views = new LinkedHashMap<>();

    private Builder(KafkaSettings settings, Path snapshots) {
      this.settings = settings;
      this.snapshots = snapshots;
    }

    /** The view of a topic, with what its snapshot has. */
    public <T extends Message> ConfigView<T> view(String topic, Parser<T> parser) {
      ConfigView<T> view = new ConfigView<>(topic, parser, snapshots.resolve(topic + ".snapshot"));
      views.put(topic, view);
      return view;
    }

    /** Begins to read; Kafka may be away. */
    public ConfigFeed start() {
      ConfigFeed feed = new ConfigFeed(settings, new LinkedHashMap<>(views));
      feed.reader.start();
      return feed;
    }
  }

  /** The topics of the views. */
  Set<String> topics() {
    return views.keySet();
  }

  /**
   * Whether the views can be served from: they have all that the topics held when reading began, or
   * all of them have a snapshot and Kafka has not answered for three seconds.
   */
  public boolean caughtUp() {
    return readToEnd
        || (System.currentTimeMillis() - startedMs > SNAPSHOT_PATIENCE_MS
            && views.values().stream().allMatch(ConfigView::ofSnapshot));
  }

  /**
   * Waits until the views hold what their topics have before these offsets; those of other topics
   * do not count.
   *
   * @return whether that came true in time
   */
  boolean awaitOffsets(Map<TopicPartition, Long> ends, Duration patience)
      throws InterruptedException {
    long endNs = System.nanoTime() + patience.toNanos();
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
        .filter(end -> views.containsKey(end.getKey().topic()))
        .allMatch(end -> offsets.getOrDefault(end.getKey(), -1L) >= end.getValue());
  }

  @Override
  public void close() {
    reader.close();
  }

  /** Rebuilds the views from the beginning, puts them in force at the end, then follows. */
  private void follow(KafkaConsumer<String, byte[]> consumer, List<TopicPartition> partitions) {
    moveTo(Map.of());
    consumer.seekToBeginning(partitions);
    Map<TopicPartition, Long> ends = consumer.endOffsets(partitions, ASK);
    views.values().forEach(ConfigView::restart);
    while (!reached(consumer, ends)) {
      if (reader.closed()) {
        return;
      }
      take(consumer.poll(POLL));
    }
    publish();
    readToEnd = true;
    while (!reader.closed()) {
      moveTo(positions(consumer));
      take(consumer.poll(POLL));
      publish();
    }
  }

  private void take(ConsumerRecords<String, byte[]> records) {
    views.forEach((topic, view) -> view.take(records.records(topic)));
  }

  /** All views first: who hears of a change sees those that came with it. */
  private void publish() {
    List<ConfigView<?>> changed = new ArrayList<>();
    for (ConfigView<?> view : views.values()) {
      if (view.publish()) {
        changed.add(view);
      }
    }
    changed.forEach(ConfigView::changed);
  }

  private static Map<TopicPartition, Long> positions(KafkaConsumer<String, byte[]> consumer) {
    Map<TopicPartition, Long> positions = new HashMap<>();
    for (TopicPartition partition : consumer.assignment()) {
      positions.put(partition, consumer.position(partition, ASK));
    }
    return positions;
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
}
