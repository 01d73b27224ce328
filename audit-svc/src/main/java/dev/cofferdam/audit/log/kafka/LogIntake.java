package dev.cofferdam.audit.log.kafka;

import dev.cofferdam.audit.log.AuditLog;
import dev.cofferdam.audit.log.AuditLog.Batch;
import dev.cofferdam.audit.record.AuditEvent;
import dev.cofferdam.audit.record.kafka.AuditFacts;
import dev.cofferdam.audit.record.kafka.AuditFacts.Reading;
import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.mesh.kafka.FactConsumer;
import dev.cofferdam.mesh.store.RejectedFact;
import dev.cofferdam.mesh.store.UnstorableException;
import io.opentelemetry.api.trace.SpanKind;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Brings batches of facts into the log. A fact that cannot be logged is noted as rejected and never
 * holds up the others.
 */
public final class LogIntake implements FactConsumer.Sink {
  private final String topic;
  private final AuditLog log;
  private final InstantSource clock;
  private final Listener listener;

  /** Told of what was committed, for metrics. */
  public interface Listener {
    /** A record was appended to the log. */
    void appended(AuditEvent event);

    /** Facts of a batch that the log had already. */
    void skipped(int facts);

    /** A fact was noted as rejected. */
    void rejected(RejectedFact fact);
  }

  public LogIntake(String topic, AuditLog log, InstantSource clock, Listener listener) {
    this.topic = topic;
    this.log = log;
    this.clock = clock;
    this.listener = listener;
  }

  @Override
  public Map<Integer, Long> claim(Set<Integer> partitions) {
    return log.claim(topic, partitions);
  }

  @Override
  public void store(List<FactConsumer.Fact> facts) {
    List<Read> batch = new ArrayList<>(facts.size());
    for (FactConsumer.Fact fact : facts) {
      batch.add(new Read(fact, AuditFacts.read(fact.value())));
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
    List<AuditEvent> events = new ArrayList<>();
    List<RejectedFact> rejected = new ArrayList<>();
    Map<Integer, Long> next = new HashMap<>();
    for (Read read : batch) {
      FactConsumer.Fact fact = read.fact();
      switch (read.reading()) {
        case Reading.Logged logged -> events.add(logged.event());
        case Reading.Rejected no ->
            rejected.add(new RejectedFact(topic, fact.partition(), fact.offset(), no.reason()));
      }
      next.merge(fact.partition(), fact.offset() + 1, Math::max);
    }
    List<AuditEvent> appended = log.append(new Batch(topic, events, rejected, next));
    tell(batch, appended, start);
    rejected.forEach(listener::rejected);
    listener.skipped(events.size() - appended.size());
  }

  private void tell(List<Read> batch, List<AuditEvent> appended, Instant start) {
    Set<AuditEvent> untold = Collections.newSetFromMap(new IdentityHashMap<>());
    untold.addAll(appended);
    for (Read read : batch) {
      if (read.reading() instanceof Reading.Logged logged && untold.remove(logged.event())) {
        trace(logged, start);
        listener.appended(logged.event());
      }
    }
  }

  /** A span of the request's own trace, from the batch's start to its commit. */
  private void trace(Reading.Logged logged, Instant start) {
    AuditEvent event = logged.event();
    Tracing.tracer()
        .spanBuilder("audit append")
        .setParent(Tracing.fromHeaders(logged.traceHeaders()))
        .setSpanKind(SpanKind.CONSUMER)
        .setStartTimestamp(start)
        .setAttribute(Tracing.TENANT, event.tenant().value())
        .setAttribute(Tracing.TIER, logged.tier())
        .setAttribute(Tracing.REQUEST, event.request())
        .setAttribute("messaging.system", "kafka")
        .setAttribute("messaging.destination.name", topic)
        .startSpan()
        .end();
  }

  private record Read(FactConsumer.Fact fact, Reading reading) {}
}
