package dev.cofferdam.metering.ledger.kafka;

import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.mesh.kafka.FactConsumer;
import dev.cofferdam.mesh.store.RejectedFact;
import dev.cofferdam.mesh.store.UnstorableException;
import dev.cofferdam.metering.ledger.Booked;
import dev.cofferdam.metering.ledger.Ledger;
import dev.cofferdam.metering.ledger.Ledger.Batch;
import dev.cofferdam.metering.usage.Preemption;
import dev.cofferdam.metering.usage.UsageEvent;
import dev.cofferdam.metering.usage.kafka.UsageFacts;
import dev.cofferdam.metering.usage.kafka.UsageFacts.Reading;
import io.opentelemetry.api.trace.SpanKind;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Brings batches of facts into the ledger. A fact that cannot be counted is noted as rejected and
 * never holds up the others.
 */
public final class LedgerIntake implements FactConsumer.Sink {
  private final String topic;
  private final Ledger ledger;
  private final InstantSource clock;
  private final Listener listener;

  /** Told of what was committed, for metrics. */
  public interface Listener {
    /**
     * An event was added to the ledger.
     *
     * @param said when its producer told of it
     */
    void added(Booked booked, Instant said);

    /** Facts of a batch that the ledger had already. */
    void skipped(int facts);

    /** A fact was noted as rejected. */
    void rejected(RejectedFact fact);
  }

  public LedgerIntake(String topic, Ledger ledger, InstantSource clock, Listener listener) {
    this.topic = topic;
    this.ledger = ledger;
    this.clock = clock;
    this.listener = listener;
  }

  @Override
  public Map<Integer, Long> claim(Set<Integer> partitions) {
    return ledger.claim(topic, partitions);
  }

  @Override
  public void store(List<FactConsumer.Fact> facts) {
    List<Read> batch = new ArrayList<>(facts.size());
    for (FactConsumer.Fact fact : facts) {
      batch.add(new Read(fact, UsageFacts.read(fact.value(), clock.instant())));
    }
    try {
      append(batch);
    } catch (UnstorableException e) {
      batch.forEach(this::appendAlone);
    }
  }

  private void appendAlone(Read read) {
    try {
      append(List.of(read));
    } catch (UnstorableException e) {
      append(List.of(new Read(read.fact(), new Reading.Rejected(String.valueOf(e.getMessage())))));
    }
  }

  private void append(List<Read> batch) {
    Instant start = clock.instant();
    List<UsageEvent> events = new ArrayList<>();
    List<RejectedFact> rejected = new ArrayList<>();
    Map<String, List<Preemption>> preemptions = new HashMap<>();
    Map<Integer, Long> next = new HashMap<>();
    for (Read read : batch) {
      FactConsumer.Fact fact = read.fact();
      switch (read.reading()) {
        case Reading.Counted counted -> {
          events.add(counted.event());
          if (!counted.preemptions().isEmpty()) {
            preemptions.putIfAbsent(counted.event().eventId(), counted.preemptions());
          }
        }
        case Reading.Rejected no ->
            rejected.add(new RejectedFact(topic, fact.partition(), fact.offset(), no.reason()));
      }
      next.merge(fact.partition(), fact.offset() + 1, Math::max);
    }
    List<Booked> added = ledger.append(new Batch(topic, events, preemptions, rejected, next));
    tell(batch, added, start);
    rejected.forEach(listener::rejected);
    listener.skipped(events.size() - added.size());
  }

  private void tell(List<Read> batch, List<Booked> added, Instant start) {
    Map<String, Booked> untold = HashMap.newHashMap(added.size());
    added.forEach(booked -> untold.put(booked.event().eventId(), booked));
    for (Read read : batch) {
      if (read.reading() instanceof Reading.Counted counted) {
        Booked booked = untold.remove(counted.event().eventId());
        if (booked != null) {
          trace(counted, start);
          listener.added(booked, counted.said());
        }
      }
    }
  }

  /** A span of the request's own trace, from the batch's start to its commit. */
  private void trace(Reading.Counted counted, Instant start) {
    UsageEvent event = counted.event();
    Tracing.tracer()
        .spanBuilder("metering record")
        .setParent(Tracing.fromHeaders(counted.traceHeaders()))
        .setSpanKind(SpanKind.CONSUMER)
        .setStartTimestamp(start)
        .setAttribute(Tracing.TENANT, event.tenant().value())
        .setAttribute(Tracing.TIER, event.tier())
        .setAttribute(Tracing.REQUEST, event.request().value())
        .setAttribute("messaging.system", "kafka")
        .setAttribute("messaging.destination.name", topic)
        .startSpan()
        .end();
  }

  private record Read(FactConsumer.Fact fact, Reading reading) {}
}
