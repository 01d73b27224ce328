package dev.cofferdam.mesh.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads all partitions of topics on a thread of its own, outside of any group and without
 * committing. Begins again by itself after a failure, and when Kafka comes back.
 */
public final class TopicReader implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TopicReader.class);
  private static final Duration ASK = Duration.ofSeconds(3);
  private static final long CLOSE_MS_MAX = 2_000;

  /** What is done with one connection to Kafka. */
  public interface Reading {
    /**
     * Seeks where it wants to begin, and reads until {@link TopicReader#closed}; may throw what the
     * consumer throws.
     *
     * @param consumer has all of the topics' partitions assigned; this thread's alone
     */
    void read(KafkaConsumer<String, byte[]> consumer, List<TopicPartition> partitions);
  }

  private final KafkaSettings settings;
  private final List<String> topics;
  private final Reading reading;
  private final long againMs;
  private final Thread thread;
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile @Nullable KafkaConsumer<String, byte[]> consumer;

  /**
   * Reads nothing before {@link #start}.
   *
   * @param name of the thread
   * @param topics it waits until all of them exist
   * @param options of the consumer, beside those that make it read alone
   * @param againMs between two connections
   */
  public TopicReader(
      String name,
      KafkaSettings settings,
      Collection<String> topics,
      Map<String, Object> options,
      long againMs,
      Reading reading) {
    Map<String, Object> all =
        new HashMap<>(
            Map.of(
                "enable.auto.commit", "false",
                "allow.auto.create.topics", "false",
                "default.api.timeout.ms", "5000",
                "request.timeout.ms", "5000"));
    all.putAll(options);
    this.settings = settings;
    this.topics = List.copyOf(topics);
    this.reading = reading;
    this.againMs = againMs;
    this.thread = Thread.ofPlatform().daemon().name(name).unstarted(() -> run(all));
  }

  /** Begins. */
  public void start() {
    thread.start();
  }

  /** Whether reading should end. */
  public boolean closed() {
    return ended.getCount() == 0;
  }

  private void run(Map<String, Object> options) {
    while (!closed()) {
      KafkaConsumer<String, byte[]> current = null;
      try {
        current =
            new KafkaConsumer<>(
                settings.with(options), new StringDeserializer(), new ByteArrayDeserializer());
        consumer = current;
        read(current);
      } catch (WakeupException | InterruptException e) {
        LOG.debug("the reader of {} was woken", topics);
      } catch (RuntimeException e) {
        LOG.debug("the reader of {} begins again: {}", topics, e.toString());
      }
      consumer = null;
      if (current != null) {
        // A polite end would wait until Kafka has answered the ask for changes that is under way.
        current.close(CloseOptions.timeout(Duration.ZERO));
      }
      pause();
    }
  }

  private void read(KafkaConsumer<String, byte[]> current) {
    List<TopicPartition> partitions = new ArrayList<>();
    for (String topic : topics) {
      List<PartitionInfo> infos = current.partitionsFor(topic, ASK);
      if (infos == null || infos.isEmpty()) {
        return;
      }
      infos.forEach(info -> partitions.add(new TopicPartition(topic, info.partition())));
    }
    current.assign(partitions);
    reading.read(current, partitions);
  }

  private void pause() {
    try {
      boolean unused = ended.await(againMs, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    ended.countDown();
    KafkaConsumer<String, byte[]> current = consumer;
    if (current != null) {
      current.wakeup();
    }
    try {
      thread.join(CLOSE_MS_MAX);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
