package dev.cofferdam.router.health.kafka;

import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.TopicReader;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import dev.cofferdam.router.health.Attempt;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.Events;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells how attempts end, of all tenants and workers, from now on: every router reads the whole
 * usage topic from its end. Facts of the past, or of a time without Kafka, are of no interest.
 */
public final class UsageFeed implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(UsageFeed.class);
  private static final Duration POLL = Duration.ofMillis(500);
  private static final long AGAIN_MS = 1_000;

  /** Fewer say little of the time that a token takes. */
  private static final int OUTPUT_TOKENS_MIN = 8;

  private final Consumer<Attempt> listener;
  private final TopicReader reader;

  private UsageFeed(KafkaSettings settings, Consumer<Attempt> listener) {
    this.listener = listener;
    this.reader =
        new TopicReader(
            "usage-feed",
            settings,
            List.of(Topics.USAGE),
            Map.of(
                "auto.offset.reset", "latest",
                // A quarter of a second late is early enough, and far cheaper than one by one.
                "fetch.min.bytes", "65536",
                "fetch.max.wait.ms", "250"),
            AGAIN_MS,
            this::follow);
  }

  /**
   * Begins to read.
   *
   * @param listener told of each attempt, on one thread
   */
  public static UsageFeed open(KafkaSettings settings, Consumer<Attempt> listener) {
    UsageFeed feed = new UsageFeed(settings, listener);
    feed.reader.start();
    return feed;
  }

  private void follow(KafkaConsumer<String, byte[]> consumer, List<TopicPartition> partitions) {
    consumer.seekToEnd(partitions);
    while (!reader.closed()) {
      for (ConsumerRecord<String, byte[]> fact : consumer.poll(POLL)) {
        read(fact.value()).ifPresent(listener);
      }
    }
  }

  /** The attempt of an event; empty for what is none. */
  static Optional<Attempt> read(byte @Nullable [] value) {
    if (value == null) {
      return Optional.empty();
    }
    try {
      UsageRecorded usage = Events.parse(value, UsageRecorded.parser(), UsageRecorded.class).data();
      return Optional.of(
          new Attempt(
              new TenantId(usage.getTenant()),
              usage.getModel(),
              usage.getAdapter(),
              usage.getAdapterVersion(),
              usage.getPool(),
              usage.getWorkerId(),
              outcome(usage.getOutcome()),
              usage.getQueueWaitMs(),
              usage.getPrefillMs(),
              tokenMs(usage)));
    } catch (IllegalArgumentException e) {
      LOG.debug("a usage fact is unreadable");
      return Optional.empty();
    }
  }

  private static OptionalDouble tokenMs(UsageRecorded usage) {
    boolean tells =
        usage.getOutcome() == Outcome.OUTCOME_COMPLETED
            && usage.getPreemptions() == 0
            && usage.getOutputTokens() >= OUTPUT_TOKENS_MIN;
    return tells
        ? OptionalDouble.of(usage.getDecodeMs() / (double) (usage.getOutputTokens() - 1))
        : OptionalDouble.empty();
  }

  private static Attempt.Outcome outcome(Outcome outcome) {
    return switch (outcome) {
      case OUTCOME_COMPLETED -> Attempt.Outcome.COMPLETED;
      case OUTCOME_FAILED, OUTCOME_LOST, OUTCOME_REFUSED -> Attempt.Outcome.FAILED;
      case OUTCOME_CANCELLED, OUTCOME_UNSPECIFIED, UNRECOGNIZED -> Attempt.Outcome.CANCELLED;
    };
  }

  @Override
  public void close() {
    reader.close();
  }
}
