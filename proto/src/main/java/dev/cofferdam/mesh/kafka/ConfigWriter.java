package dev.cofferdam.mesh.kafka;

import com.google.protobuf.Message;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes records of configuration topics. Thread-safe. */
public final class ConfigWriter implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ConfigWriter.class);
  private static final int WAIT_MS_MAX = 5_000;

  private final KafkaProducer<String, byte[]> producer;

  private ConfigWriter(KafkaProducer<String, byte[]> producer) {
    this.producer = producer;
  }

  /** Opens a writer; Kafka may be away. */
  public static ConfigWriter open(KafkaSettings settings, String clientId) {
    return new ConfigWriter(
        new KafkaProducer<>(
            settings.with(
                Map.of(
                    "client.id", clientId + "-config",
                    "acks", "all",
                    "enable.idempotence", "true",
                    "linger.ms", "0",
                    "max.block.ms", "4000",
                    "request.timeout.ms", "2000",
                    "delivery.timeout.ms", "4000",
                    "buffer.memory", "4194304")),
            new StringSerializer(),
            new ByteArraySerializer()));
  }

  /**
   * Writes a record and waits until all replicas have it.
   *
   * @param value null removes the key
   * @throws dev.cofferdam.vocabulary.RefusedException {@link ErrorCode#DEPENDENCY_UNAVAILABLE}
   *     where Kafka did not confirm within five seconds; the record may still arrive
   */
  public void put(String topic, String key, @Nullable Message value) {
    try {
      producer
          .send(new ProducerRecord<>(topic, key, value == null ? null : value.toByteArray()))
          .get(WAIT_MS_MAX, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unavailable();
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      LOG.warn("cannot write to {}: {}", topic, e.toString());
      throw unavailable();
    }
  }

  private static RuntimeException unavailable() {
    return Refusal.of(
            ErrorCode.DEPENDENCY_UNAVAILABLE, "the configuration cannot be written right now")
        .asException();
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(2));
  }
}
