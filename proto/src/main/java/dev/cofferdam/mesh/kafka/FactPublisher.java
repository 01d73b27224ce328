package dev.cofferdam.mesh.kafka;

import com.google.protobuf.Message;
import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.wire.Events;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
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
 * least once; consumers drop what they have by (source, id). First arrivals of a key are in the
 * order of {@link #publish}, also behind an outage of Kafka; one that was {@link #insist}ed on
 * while the spool was full may come before those that wait.
 *
 * <p>Thread-safe; {@link #publish} never waits for Kafka.
 */
public final class FactPublisher implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FactPublisher.class);
  private static final int IN_FLIGHT_MAX = 1_000;
  private static final int EVENT_BYTES_MAX = 900 << 10;
  private static final int INSISTED_MAX = 1_000;
  private static final long NOWHERE = -1;
  private static final long FORCE_INTERVAL_MS = 200;
  private static final long GATHER_MS = 20;
  private static final long IDLE_WAIT_MS = 1_000;
  private static final long RETRY_WAIT_MS = 500;
  private static final long DRAIN_WAIT_MS = 2_000;
  private static final List<Header> HEADERS =
      List.of(
          new RecordHeader(
              "content-type", Events.CONTENT_TYPE.getBytes(StandardCharsets.US_ASCII)));

  private final KafkaSettings settings;
  private final String clientId;
  private final Spool spool;
  private final Semaphore inFlight = new Semaphore(IN_FLIGHT_MAX);

  /** What is to be sent before anything else, the earliest first. */
  private final PriorityBlockingQueue<Spool.Entry> again =
      new PriorityBlockingQueue<>(64, Comparator.comparingLong(Spool.Entry::number));

  /** Room for facts that live in memory only, as the spool had none. */
  private final Semaphore insisted = new Semaphore(INSISTED_MAX);

  private final Thread sender;
  private volatile boolean renewProducer;
  private volatile boolean failing;
  private volatile boolean closed;

  private FactPublisher(KafkaSettings settings, String clientId, Spool spool) {
    this.settings = settings;
    this.clientId = clientId;
    this.spool = spool;
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
      FactPublisher publisher = new FactPublisher(settings, clientId, spool);
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
    spool.append(record(topic, key, eventId, type, data));
  }

  /**
   * Takes a fact that must not be lost for want of room: where the spool takes no more, it waits in
   * memory, and {@link #accepting} is false until it is with Kafka.
   *
   * @throws SpoolFullException where memory has room for no more of them either
   * @throws IllegalArgumentException for an event over 900 KiB
   */
  public void insist(String topic, String key, String eventId, String type, Message data) {
    SpooledRecord record = record(topic, key, eventId, type, data);
    try {
      spool.append(record);
    } catch (SpoolFullException e) {
      if (!insisted.tryAcquire()) {
        throw e;
      }
      again.add(new Spool.Entry(NOWHERE, NOWHERE, record));
    }
  }

  private SpooledRecord record(
      String topic, String key, String eventId, String type, Message data) {
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
    return new SpooledRecord(topic, key, value);
  }

  /**
   * Whether something may begin that will leave facts: what is left of room, in the spool's bound
   * and on its disk, is for what has begun.
   */
  public boolean accepting() {
    return !closed && insisted.availablePermits() == INSISTED_MAX && spool.accepting();
  }

  /** Bytes on disk that wait for Kafka, give or take a segment. */
  public long backlogBytes() {
    return spool.bytes();
  }

  /** Sends for two seconds at most, then stops; what is left goes at the next start. */
  @Override
  public void close() {
    closed = true;
    spool.wake();
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
          spool.refill();
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
      producer.close(Duration.ofMillis(200));
    }
  }

  private KafkaProducer<String, byte[]> renew(@Nullable KafkaProducer<String, byte[]> old) {
    if (old != null) {
      // What is in flight comes back through the callbacks, and is sent again.
      old.close(Duration.ZERO);
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
                "request.timeout.ms", setting("request.timeout.ms", "5000"),
                "delivery.timeout.ms", setting("delivery.timeout.ms", "60000"),
                "buffer.memory", "16777216")),
        new StringSerializer(),
        new ByteArraySerializer());
  }

  private String setting(String name, String usual) {
    return settings.properties().getOrDefault(name, usual);
  }

  /** Sends one record; false where there was none. */
  private boolean step(KafkaProducer<String, byte[]> producer) throws InterruptedException {
    Spool.Entry retry = again.poll();
    Optional<Spool.Entry> next = retry == null ? spool.next(0) : Optional.of(retry);
    if (next.isEmpty()) {
      // So that facts that come one by one do not wake this thread and the producer's one by one.
      Thread.sleep(GATHER_MS);
      next = spool.next(idle() ? IDLE_WAIT_MS : FORCE_INTERVAL_MS);
    }
    if (next.isEmpty()) {
      return false;
    }
    Spool.Entry entry = next.get();
    if (!inFlight.tryAcquire(FORCE_INTERVAL_MS, TimeUnit.MILLISECONDS)) {
      again.add(entry);
      return true;
    }
    Spool.Entry earlier = again.peek();
    if (renewProducer || (earlier != null && earlier.number() < entry.number())) {
      // It came back while this one waited for its turn.
      again.add(entry);
      inFlight.release();
      return true;
    }
    boolean handedOver = false;
    try {
      producer.send(
          new ProducerRecord<>(
              entry.data().topic(), null, entry.data().key(), entry.data().value(), HEADERS),
          (metadata, failure) -> settle(producer, entry, failure));
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

  /** Whether nothing but a new fact, or the end, is to be waited for. */
  private boolean idle() {
    return inFlight.availablePermits() == IN_FLIGHT_MAX && again.isEmpty() && !spool.dirty();
  }

  /** The producer's answer: the entry ends here, or goes back to the sender. */
  private void settle(
      KafkaProducer<String, byte[]> producer, Spool.Entry entry, @Nullable Exception failure) {
    failing = failure != null;
    if (failure == null || failure instanceof RecordTooLargeException) {
      if (failure != null) {
        LOG.error("Kafka takes no event of {} bytes; dropped", entry.data().value().length);
      }
      end(entry);
    } else {
      LOG.debug("a fact was not taken, will be sent again: {}", failure.toString());
      again.add(entry);
      if (Thread.currentThread() != sender) {
        // All behind it come back too, and are sent after it by another producer.
        renewProducer = true;
        producer.close(Duration.ZERO);
      }
    }
    inFlight.release();
  }

  private void end(Spool.Entry entry) {
    if (entry.segment() == NOWHERE) {
      insisted.release();
    } else {
      spool.ack(entry);
    }
  }

  private static void pause() {
    try {
      Thread.sleep(RETRY_WAIT_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
