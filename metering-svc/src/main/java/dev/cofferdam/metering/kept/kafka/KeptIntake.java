package dev.cofferdam.metering.kept.kafka;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.cofferdam.mesh.kafka.FactConsumer;
import dev.cofferdam.mesh.kafka.KeptFacts;
import dev.cofferdam.mesh.store.RejectedFact;
import dev.cofferdam.mesh.store.UnstorableException;
import dev.cofferdam.metering.kept.KeptBook;
import dev.cofferdam.metering.kept.KeptHour;
import dev.cofferdam.proto.events.v1.KeptRecorded;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.Events;
import dev.cofferdam.wire.Events.ReceivedEvent;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Brings what services tell of kept things into the book. A fact that does not hold is noted as
 * rejected and never holds up the others.
 */
public final class KeptIntake implements FactConsumer.Sink {
  /** How far a teller's clock may be ahead: what is not kept yet is not paid for. */
  private static final Duration AHEAD_MAX = Duration.ofHours(1);

  private final String topic;
  private final KeptBook book;
  private final InstantSource clock;
  private final Consumer<RejectedFact> onRejected;

  /**
   * @param onRejected told of facts that were noted as rejected, when that is committed
   */
  public KeptIntake(
      String topic, KeptBook book, InstantSource clock, Consumer<RejectedFact> onRejected) {
    this.topic = topic;
    this.book = book;
    this.clock = clock;
    this.onRejected = onRejected;
  }

  @Override
  public Map<Integer, Long> claim(Set<Integer> partitions) {
    return book.claim(topic, partitions);
  }

  @Override
  public void store(List<FactConsumer.Fact> facts) {
    try {
      append(facts, false);
    } catch (UnstorableException e) {
      facts.forEach(this::appendAlone);
    }
  }

  private void appendAlone(FactConsumer.Fact fact) {
    try {
      append(List.of(fact), false);
    } catch (UnstorableException e) {
      append(List.of(fact), true);
    }
  }

  private void append(List<FactConsumer.Fact> facts, boolean unstorable) {
    List<KeptHour> hours = new ArrayList<>();
    List<RejectedFact> rejected = new ArrayList<>();
    Map<Integer, Long> next = new HashMap<>();
    for (FactConsumer.Fact fact : facts) {
      try {
        if (unstorable) {
          throw new IllegalArgumentException("the store does not take it");
        }
        hours.add(read(fact.value(), clock.instant()));
      } catch (IllegalArgumentException e) {
        rejected.add(
            new RejectedFact(
                topic, fact.partition(), fact.offset(), String.valueOf(e.getMessage())));
      }
      next.merge(fact.partition(), fact.offset() + 1, Math::max);
    }
    book.append(topic, hours, rejected, next);
    rejected.forEach(onRejected);
  }

  private static KeptHour read(byte @Nullable [] value, Instant now) {
    ReceivedEvent<KeptRecorded> received = received(value);
    if (!received.type().equals(KeptFacts.TYPE)) {
      throw new IllegalArgumentException("type: expected " + KeptFacts.TYPE);
    }
    KeptRecorded data = received.data();
    KeptHour kept =
        new KeptHour(
            new TenantId(data.getTenant()),
            switch (data.getKind()) {
              case "adapter" -> KeptHour.Kind.ADAPTER;
              case "storage" -> KeptHour.Kind.STORAGE;
              default -> throw new IllegalArgumentException("kind: expected adapter or storage");
            },
            data.getKeeper(),
            data.getModel(),
            data.getName(),
            Instant.ofEpochMilli(data.getHourEpochMs()),
            data.getBytes());
    if (kept.hour().isAfter(now.plus(AHEAD_MAX))) {
      throw new IllegalArgumentException("hour_epoch_ms: more than an hour ahead");
    }
    return kept;
  }

  /** The message of a parser could repeat bytes of the record. */
  private static ReceivedEvent<KeptRecorded> received(byte @Nullable [] value) {
    if (value == null) {
      throw new IllegalArgumentException("no value");
    }
    try {
      return Events.parse(value, KeptRecorded.parser(), KeptRecorded.class);
    } catch (RuntimeException e) {
      boolean malformed = e.getCause() instanceof InvalidProtocolBufferException;
      throw new IllegalArgumentException(malformed ? "malformed bytes" : "not a fact of this kind");
    }
  }
}
