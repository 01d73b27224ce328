package dev.cofferdam.mesh.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a topic of facts for a store that keeps the offsets beside what it stores, so that each
 * fact counts exactly once. Kafka's group decides which member reads which partition; the store's
 * claim decides who may write: after each assignment the partitions are claimed, which tells where
 * to go on and shuts out the member that had them before. One thread; a failing store or broker is
 * tried again until {@link #close}.
 */
public final class FactConsumer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FactConsumer.class);
  private static final Duration POLL_MAX = Duration.ofMillis(250);
  private static final Duration ASK_MAX = Duration.ofSeconds(5);
  private static final long BACKOFF_MS_MIN = 100;
  private static final long BACKOFF_MS_MAX = 2_000;

  /**
   * One record of the topic.
   *
   * @param partition its partition
   * @param offset its offset
   * @param value its bytes; null for a tombstone
   */
  public record Fact(int partition, long offset, byte @Nullable [] value) {}

  /**
   * Where facts go. Called by the consumer's thread only; any exception means that nothing was
   * stored, and leads to a new claim and another try.
   */
  public interface Sink {
    /**
     * Takes partitions over from whoever had them.
     *
     * @return the next offset of each partition that has ever been stored from
     */
    Map<Integer, Long> claim(Set<Integer> partitions);

    /**
     * Stores facts and the offsets after them in one transaction, all or nothing; fails where
     * another member has claimed one of the partitions since.
     *
     * @param facts in the order of each partition, never empty
     */
    void store(List<Fact> facts);
  }

  private final KafkaSettings settings;
  private final String topic;
  private final String group;
  private final Sink sink;
  private final Thread thread;
  private final Set<TopicPartition> unclaimed = new HashSet<>();
  private final Set<TopicPartition> claimed = new HashSet<>();
  private final AtomicLong lost = new AtomicLong();
  private final CountDownLatch closing = new CountDownLatch(1);
  private volatile @Nullable KafkaConsumer<byte[], byte[]> current;
  private volatile boolean assigned;
  private volatile boolean closed;
  private volatile boolean storeAway;
  private volatile long lag;

  /** Offsets after what was last stored or claimed, as far as this member knows. */
  private final Map<TopicPartition, Long> next = new HashMap<>();

  /** Records behind these in partitions that could not be claimed. */
  private long behind;

  private long backoffMs = BACKOFF_MS_MIN;

  private FactConsumer(KafkaSettings settings, String topic, String group, Sink sink) {
    this.settings = settings;
    this.topic = topic;
    this.group = group;
    this.sink = sink;
    this.thread = Thread.ofPlatform().daemon().name("facts-" + group).unstarted(this::run);
  }

  /** Starts to read a topic as a member of a consumer group. */
  public static FactConsumer open(KafkaSettings settings, String topic, String group, Sink sink) {
    FactConsumer consumer = new FactConsumer(settings, topic, group, sink);
    consumer.thread.start();
    return consumer;
  }

  /** Whether Kafka has assigned partitions to this member and all of them are claimed. */
  public boolean ready() {
    return assigned;
  }

  /** Whether the store failed when it was used last. */
  public boolean storeAway() {
    return storeAway;
  }

  /** Records that are known to wait, over the partitions of this member. */
  public long lag() {
    return lag;
  }

  /** Offsets that were skipped because Kafka no longer has them. */
  public long lostOffsets() {
    return lost.get();
  }

  /** Ends after the batch in hand; gives the partitions back. */
  @Override
  public void close() {
    closed = true;
    KafkaConsumer<byte[], byte[]> consumer = current;
    if (consumer != null) {
      consumer.wakeup();
    }
    closing.countDown();
    try {
      thread.join(10_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    while (!closed) {
      try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(configuration())) {
        current = consumer;
        consumer.subscribe(List.of(topic), new Rebalance(consumer));
        while (!closed) {
          step(consumer);
        }
      } catch (WakeupException | org.apache.kafka.common.errors.InterruptException e) {
        LOG.debug("reader of {} was woken", topic);
      } catch (RuntimeException e) {
        LOG.warn("reader of {} starts again: {}", topic, e.getClass().getSimpleName());
        pause();
      } finally {
        current = null;
        assigned = false;
        claimed.clear();
        unclaimed.clear();
        next.clear();
        nothingToClaim();
      }
    }
  }

  private void step(KafkaConsumer<byte[], byte[]> consumer) {
    if (!unclaimed.isEmpty()) {
      claim(consumer);
    }
    ConsumerRecords<byte[], byte[]> records;
    try {
      records = consumer.poll(POLL_MAX);
    } catch (OffsetOutOfRangeException e) {
      disclaim(consumer);
      return;
    }
    measureLag(consumer);
    if (records.isEmpty()) {
      return;
    }
    List<Fact> facts = new ArrayList<>(records.count());
    for (ConsumerRecord<byte[], byte[]> record : records) {
      facts.add(new Fact(record.partition(), record.offset(), record.value()));
    }
    try {
      sink.store(facts);
      storeAway = false;
      backoffMs = BACKOFF_MS_MIN;
      for (TopicPartition partition : records.partitions()) {
        next.put(partition, records.records(partition).getLast().offset() + 1);
      }
    } catch (RuntimeException e) {
      storeAway = true;
      LOG.warn("cannot store {} facts of {}, trying again: {}", facts.size(), topic, brief(e));
      disclaim(consumer);
      pause();
    }
  }

  private void claim(KafkaConsumer<byte[], byte[]> consumer) {
    Set<TopicPartition> asked = Set.copyOf(unclaimed);
    try {
      Map<TopicPartition, Long> first = consumer.beginningOffsets(asked, ASK_MAX);
      Map<TopicPartition, Long> end = consumer.endOffsets(asked, ASK_MAX);
      behind = 0;
      end.forEach((partition, last) -> behind += last - next.getOrDefault(partition, last));
      Map<Integer, Long> stored = claim(asked);
      behind = 0;
      for (TopicPartition partition : asked) {
        long from =
            start(
                partition,
                stored.get(partition.partition()),
                first.getOrDefault(partition, 0L),
                end.getOrDefault(partition, Long.MAX_VALUE));
        consumer.seek(partition, from);
        next.put(partition, from);
      }
      consumer.resume(asked);
      unclaimed.removeAll(asked);
      claimed.addAll(asked);
      assigned = true;
    } catch (WakeupException | org.apache.kafka.common.errors.InterruptException e) {
      throw e;
    } catch (RuntimeException e) {
      LOG.warn("cannot claim partitions of {}, trying again: {}", topic, brief(e));
      pause();
    }
  }

  private Map<Integer, Long> claim(Set<TopicPartition> asked) {
    try {
      Map<Integer, Long> stored =
          sink.claim(asked.stream().map(TopicPartition::partition).collect(Collectors.toSet()));
      storeAway = false;
      return stored;
    } catch (RuntimeException e) {
      storeAway = true;
      throw e;
    }
  }

  private long start(TopicPartition partition, @Nullable Long next, long first, long end) {
    if (next == null) {
      return first;
    }
    if (next < first) {
      lost.addAndGet(first - next);
      LOG.error("{} facts of {} are gone from Kafka unread", first - next, partition);
      return first;
    }
    if (next > end) {
      LOG.error("{} is shorter than what was read of it; reading it from its start", partition);
      return first;
    }
    return next;
  }

  /** Forgets all claims, so that the next step claims and seeks again. */
  private void disclaim(KafkaConsumer<byte[], byte[]> consumer) {
    consumer.pause(claimed);
    unclaimed.addAll(claimed);
    claimed.clear();
  }

  /** What could not be claimed is somebody else's now, and whether the store is away, too. */
  private void nothingToClaim() {
    behind = 0;
    storeAway = false;
  }

  private void measureLag(KafkaConsumer<byte[], byte[]> consumer) {
    long sum = behind;
    for (TopicPartition partition : claimed) {
      sum += consumer.currentLag(partition).orElse(0);
    }
    lag = sum;
  }

  private void pause() {
    long wait = backoffMs;
    backoffMs = Math.min(BACKOFF_MS_MAX, backoffMs * 2);
    try {
      if (closing.await(wait, TimeUnit.MILLISECONDS)) {
        LOG.debug("reader of {} ends", topic);
      }
    } catch (InterruptedException e) {
      LOG.debug("reader of {} was interrupted", topic);
    }
  }

  /** What went wrong, without messages, which could hold values. */
  private static String brief(Throwable failure) {
    Throwable cause = failure.getCause();
    String name = failure.getClass().getSimpleName();
    return cause == null ? name : name + " by " + cause.getClass().getSimpleName();
  }

  private Map<String, Object> configuration() {
    Map<String, Object> all = new HashMap<>(settings.with(Map.of()));
    all.put(ConsumerConfig.GROUP_ID_CONFIG, group);
    all.put(ConsumerConfig.CLIENT_ID_CONFIG, group);
    all.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    all.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    all.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    all.put(
        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
        CooperativeStickyAssignor.class.getName());
    all.putIfAbsent(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 2_000);
    all.putIfAbsent(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, 6_000);
    all.putIfAbsent(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, 1_500);
    all.putIfAbsent(ConsumerConfig.METADATA_MAX_AGE_CONFIG, 5_000);
    return all;
  }

  /** Keeps fresh partitions paused until they are claimed. */
  private final class Rebalance implements ConsumerRebalanceListener {
    private final KafkaConsumer<byte[], byte[]> consumer;

    Rebalance(KafkaConsumer<byte[], byte[]> consumer) {
      this.consumer = consumer;
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      for (TopicPartition partition : partitions) {
        consumer.seek(partition, 0);
      }
      consumer.pause(partitions);
      unclaimed.addAll(partitions);
      if (unclaimed.isEmpty()) {
        assigned = true;
      }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      unclaimed.removeAll(partitions);
      claimed.removeAll(partitions);
      next.keySet().removeAll(partitions);
      if (unclaimed.isEmpty()) {
        nothingToClaim();
      }
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
      onPartitionsRevoked(partitions);
    }
  }
}
