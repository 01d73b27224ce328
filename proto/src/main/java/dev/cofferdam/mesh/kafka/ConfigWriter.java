package dev.cofferdam.mesh.kafka;

import com.google.protobuf.Message;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidPidMappingException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes configuration topics, so that no change is lost to another writer. All writers of a mesh
 * have the same transactional id: whoever begins shuts out whoever began before (KIP-98's fencing),
 * then reads what was committed until then. A change that is committed was therefore made from
 * views that held every change before it; one that somebody overtook is made again from the newer
 * ones. Thread-safe; changes go one by one.
 */
public final class ConfigWriter implements AutoCloseable {
  /** That of all writers. */
  public static final String TRANSACTIONAL_ID = "cofferdam-config";

  private static final Logger LOG = LoggerFactory.getLogger(ConfigWriter.class);
  private static final Duration ASK = Duration.ofSeconds(4);
  private static final Duration CATCH_UP = Duration.ofSeconds(4);
  private static final Duration IN_FORCE = Duration.ofSeconds(1);
  private static final int ATTEMPTS_MAX = 8;
  private static final int PAUSE_MS = 50;

  private final KafkaSettings settings;
  private final String clientId;
  private final ConfigFeed feed;

  /** The one that nobody has shut out as far as is known; what it commits, the views then hold. */
  private @Nullable KafkaProducer<String, byte[]> begun;

  /** Whether the cluster's transactions are known to hold what this relies upon. */
  private boolean versionKnown;

  private ConfigWriter(KafkaSettings settings, String clientId, ConfigFeed feed) {
    this.settings = settings;
    this.clientId = clientId;
    this.feed = feed;
  }

  /**
   * Makes a writer; Kafka may be away.
   *
   * @param feed with views of all topics that changes are made from; it stays the caller's
   */
  public static ConfigWriter open(KafkaSettings settings, String clientId, ConfigFeed feed) {
    return new ConfigWriter(settings, clientId, feed);
  }

  /** What a change writes: all of it or nothing. */
  public static final class Change {
    private final KafkaProducer<String, byte[]> producer;
    private final List<Future<RecordMetadata>> sent = new ArrayList<>();

    private Change(KafkaProducer<String, byte[]> producer) {
      this.producer = producer;
    }

    /**
     * Writes a record.
     *
     * @param value null removes the key
     */
    public void put(String topic, String key, @Nullable Message value) {
      if (sent.isEmpty()) {
        producer.beginTransaction();
      }
      sent.add(
          producer.send(
              new ProducerRecord<>(topic, key, value == null ? null : value.toByteArray())));
    }

    private void abort() {
      if (!sent.isEmpty()) {
        producer.abortTransaction();
      }
    }
  }

  /**
   * Makes a change and waits until all replicas have it and the views hold it.
   *
   * @param work reads the views and says what to write; runs again where somebody else was faster.
   *     What it throws ends the change, and nothing is written
   * @throws RefusedException {@link ErrorCode#DEPENDENCY_UNAVAILABLE} where Kafka does not answer
   *     or the views do not follow in time; the change may still come into force then; and where
   *     its {@code transaction.version} is below 2, before anything is written. {@link
   *     ErrorCode#CONFLICT} where others were faster again and again
   */
  public synchronized <R> R change(Function<Change, R> work) {
    for (int attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      try {
        return changeOnce(work);
      } catch (TransactionVersion.TooOldException e) {
        LOG.error("the configuration cannot be written: {}", e.getMessage());
        throw unavailable(String.valueOf(e.getMessage()));
      } catch (KafkaException e) {
        end();
        if (!overtaken(e)) {
          LOG.warn("the configuration cannot be written: {}", e.toString());
          throw unavailable("the configuration cannot be written right now");
        }
        pause(attempt);
      }
    }
    throw Refusal.of(
            ErrorCode.CONFLICT, "others change the configuration at the same moment; try again")
        .asException();
  }

  private <R> R changeOnce(Function<Change, R> work) {
    KafkaProducer<String, byte[]> producer = begun;
    if (producer == null) {
      producer = begin();
      begun = producer;
    }
    Change change = new Change(producer);
    R result;
    try {
      result = work.apply(change);
    } catch (RefusedException e) {
      change.abort();
      throw e;
    } catch (RuntimeException e) {
      end();
      throw e;
    }
    if (!change.sent.isEmpty()) {
      producer.commitTransaction();
      if (!hold(ends(change.sent), IN_FORCE)) {
        throw unavailable("the change is written, but not in force in this process yet");
      }
    }
    return result;
  }

  private KafkaProducer<String, byte[]> begin() {
    if (!versionKnown) {
      TransactionVersion.require(settings, clientId);
      versionKnown = true;
    }
    KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(
            settings.with(
                Map.of(
                    "client.id", clientId + "-config",
                    "transactional.id", TRANSACTIONAL_ID,
                    "transaction.timeout.ms", "10000",
                    "linger.ms", "0",
                    "max.block.ms", "8000",
                    "request.timeout.ms", "2000",
                    "delivery.timeout.ms", "4000",
                    "buffer.memory", "4194304")),
            new StringSerializer(),
            new ByteArraySerializer());
    try {
      producer.initTransactions();
      catchUp();
      return producer;
    } catch (RuntimeException e) {
      producer.close(Duration.ZERO);
      throw e;
    }
  }

  /** Waits until the views hold all that was committed before the others were shut out. */
  private void catchUp() {
    Map<TopicPartition, Long> ends;
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(
            settings.with(
                Map.of(
                    "client.id", clientId + "-config-ends",
                    "isolation.level", "read_committed",
                    "allow.auto.create.topics", "false",
                    "default.api.timeout.ms", "4000",
                    "request.timeout.ms", "2000")),
            new StringDeserializer(),
            new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (String topic : feed.topics()) {
        consumer
            .partitionsFor(topic, ASK)
            .forEach(info -> partitions.add(new TopicPartition(info.topic(), info.partition())));
      }
      ends = consumer.endOffsets(partitions, ASK);
    }
    if (!hold(ends, CATCH_UP)) {
      throw unavailable("the configuration is not known yet");
    }
  }

  private static Map<TopicPartition, Long> ends(List<Future<RecordMetadata>> sent) {
    Map<TopicPartition, Long> ends = new HashMap<>();
    for (Future<RecordMetadata> one : sent) {
      try {
        RecordMetadata written = one.get();
        ends.merge(
            new TopicPartition(written.topic(), written.partition()),
            written.offset() + 1,
            Math::max);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw unavailable("interrupted");
      } catch (ExecutionException e) {
        throw new KafkaException(e.getCause());
      }
    }
    return ends;
  }

  private boolean hold(Map<TopicPartition, Long> ends, Duration patience) {
    try {
      return feed.awaitOffsets(ends, patience);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static boolean overtaken(KafkaException failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof ProducerFencedException
          || t instanceof InvalidProducerEpochException
          || t instanceof InvalidPidMappingException) {
        return true;
      }
    }
    return false;
  }

  private void end() {
    if (begun != null) {
      begun.close(Duration.ZERO);
      begun = null;
    }
  }

  private static void pause(int attempt) {
    try {
      TimeUnit.MILLISECONDS.sleep(ThreadLocalRandom.current().nextInt(PAUSE_MS * attempt));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static RefusedException unavailable(String message) {
    return Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, message).asException();
  }

  @Override
  public synchronized void close() {
    end();
  }
}
