package dev.cofferdam.mesh.kafka;

import com.google.protobuf.Message;
import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.wire.Events;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes facts as CloudEvents. A fact is appended to a bounded spool on disk first and sent
 * afterwards, so that neither Kafka's absence nor a crash of this process loses it. Facts arrive at
 * least once; consumers drop what they have by (source, id). Order is not promised.
 *
 * <p>Thread-safe; {@link #publish} never waits for Kafka.
 */
public final class FactPublisher implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FactPublisher.class);
  private static final int IN_FLIGHT_MAX = 1_000;
  private static final int EVENT_BYTES_MAX = 900 << 10;
  private static final long FORCE_INTERVAL_MS = 200;
  private static final long GATHER_MS = 20;
  private static final long RETRY_WAIT_MS = 500;
  private static final long DRAIN_WAIT_MS = 2_000;
  private static final List<Header> HEADERS =
      List.of(
          new RecordHeader(
              "content-type", Events.CONTENT_TYPE.getBytes(StandardCharsets.US_ASCII)));

  private final KafkaSettings settings;
  private final String clientId;
  private final Spool spool;
  private final long spoolBytesMax;
  private final Semaphore inFlight = new Semaphore(IN_FLIGHT_MAX);
  private final ConcurrentLinkedQueue<Spool.Entry> again = new ConcurrentLinkedQueue<>();
  private final Thread sender;
  private volatile boolean renewProducer;
  private volatile boolean failing;
  private volatile boolean closed;

  private FactPublisher(KafkaSettings settings, String clientId, Spool spool, long spoolBytesMax) {
    this.settings = settings;
    this.clientId = clientId;
    this.spool = spool;
    this.spoolBytesMax = spoolBytesMax;
    this.sender = Thread.ofPlatform().daemon().name("facts-" + clientId).unstarted(this::run);
  }

  /**
   * Opens the spool, and starts to send what it holds from an earlier run.
   *
   * @param clientId names the source of the events: "/cofferdam/" and this
   * @param spoolFolder the spool's own folder
   * @param spoolBytesMax bound of the spool on disk
   * @throws IllegalStateException where another process uses the folder
   */
  public static FactPublisher open(
      KafkaSettings settings, String clientId, Path spoolFolder, long spoolBytesMax) {
    try {
      long segmentBytes = Math.clamp(spoolBytesMax / 8, 64 << 10, 8 << 20);
      Spool spool = Spool.open(spoolFolder, spoolBytesMax, segmentBytes);
      FactPublisher publisher = new FactPublisher(settings, clientId, spool, spoolBytesMax);
      publisher.sender.start();
      return publisher;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot open the spool " + spoolFolder, e);
    }
  }

  /**
   * Takes a fact; it is on disk when this returns. The event carries the trace of the call that is
   * being served.
   *
   * @param key the record's key
   * @param eventId unique for this source
   * @param type CloudEvents type
   * @throws SpoolFullException where the spool takes no more
   * @throws IllegalArgumentException for an event over 900 KiB
   */
  public void publish(String topic, String key, String eventId, String type, Message data) {
    byte[] value =
        Events.encode(
            eventId,
            "/cofferdam/" + clientId,
            type,
            Instant.now(),
            Tracing.headers(Tracing.context()),
            data);
    if (value.length > EVENT_BYTES_MAX) {
      throw new IllegalArgumentException(
          "event of " + value.length + " bytes (expected: at most " + EVENT_BYTES_MAX + ")");
    }
    spool.append(new SpooledRecord(topic, key, value));
  }

  /** Whether there is room for ordinary facts. */
  public boolean accepting() {
    return !closed && spool.bytes() < spoolBytesMax - spoolBytesMax / 20;
  }

  /** Bytes on disk that wait for Kafka, give or take a segment. */
  public long backlogBytes() {
    return spool.bytes();
  }

  /** Sends for two seconds at most, then stops; what is left goes at the next start. */
  @Override
  public void close() {
    closed = true;
    try {
      sender.join(3 * DRAIN_WAIT_MS);
      spool.close();
    } catch (IOException e) {
      LOG.warn("cannot close the spool: {}", e.getMessage());
    } catch (InterruptedException e) {
      sender.interrupt();
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    @Nullable KafkaProducer<String, byte[]> producer = null;
    long forcedAt = System.currentTimeMillis();
    long drainUntil = Long.MAX_VALUE;
    while (System.currentTimeMillis() < drainUntil) {
      if (closed && drainUntil == Long.MAX_VALUE) {
        drainUntil = System.currentTimeMillis() + DRAIN_WAIT_MS;
      }
      try {
        if (producer == null || renewProducer) {
          producer = renew(producer);
        }
        boolean sent = step(producer);
        if (closed && !sent && inFlight.availablePermits() == IN_FLIGHT_MAX && again.isEmpty()) {
          break;
        }
        if (System.currentTimeMillis() - forcedAt > FORCE_INTERVAL_MS) {
          spool.force();
          forcedAt = System.currentTimeMillis();
        }
      } catch (InterruptedException e) {
        break;
      } catch (IOException | RuntimeException e) {
        LOG.warn("sending facts failed, will go on: {}", e.toString());
        pause();
      }
    }
    if (producer != null) {
      producer.close(java.time.Duration.ofMillis(200));
    }
  }

  private KafkaProducer<String, byte[]> renew(@Nullable KafkaProducer<String, byte[]> old) {
    if (old != null) {
      // What is in flight comes back through the callbacks, and is sent again.
      old.close(java.time.Duration.ZERO);
    }
    renewProducer = false;
    return new KafkaProducer<>(
        settings.with(
            Map.of(
                "client.id", clientId + "-facts",
                "acks", "all",
                "enable.idempotence", "true",
                // With several requests in flight, one that overtakes the first on a partition
                // that is new or changes its leader wedges that partition until the timeout.
                "max.in.flight.requests.per.connection", "1",
                "linger.ms", "20",
                "max.block.ms", "2000",
                "request.timeout.ms", "5000",
                "delivery.timeout.ms", "60000",
                "buffer.memory", "16777216")),
        new StringSerializer(),
        new ByteArraySerializer());
  }

  /** Sends one record; false where there was none. */
  private boolean step(KafkaProducer<String, byte[]> producer) throws InterruptedException {
    Spool.Entry retry = again.poll();
    Optional<Spool.Entry> next = retry == null ? spool.next(0) : Optional.of(retry);
    if (next.isEmpty()) {
      // So that facts that come one by one do not wake this thread and the producer's one by one.
      Thread.sleep(GATHER_MS);
      next = spool.next(100);
    }
    if (next.isEmpty()) {
      return false;
    }
    Spool.Entry entry = next.get();
    inFlight.acquire();
    boolean handedOver = false;
    try {
      producer.send(
          new ProducerRecord<>(
              entry.data().topic(), null, entry.data().key(), entry.data().value(), HEADERS),
          (metadata, failure) -> settle(entry, failure));
      handedOver = true;
    } catch (KafkaException | IllegalStateException e) {
      renewProducer = true;
      throw e;
    } finally {
      if (!handedOver) {
        again.add(entry);
        inFlight.release();
      }
    }
    if (retry != null && failing) {
      pause();
    }
    return true;
  }

  /** The producer's answer: the entry ends here, or goes back to the sender. */
  private void settle(Spool.Entry entry, @Nullable Exception failure) {
    inFlight.release();
    failing = failure != null;
    if (failure == null) {
      spool.ack(entry);
      return;
    }
    if (failure instanceof RecordTooLargeException) {
      LOG.error("Kafka takes no event of {} bytes; dropped", entry.data().value().length);
      spool.ack(entry);
      return;
    }
    if (!(failure instanceof RetriableException)) {
      renewProducer = true;
    }
    LOG.debug("a fact was not taken, will be sent again: {}", failure.toString());
    again.add(entry);
  }

  private static void pause() {
    try {
      Thread.sleep(RETRY_WAIT_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
