package dev.cofferdam.audit.record.kafka;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.cofferdam.audit.record.AuditEvent;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.Events;
import dev.cofferdam.wire.Events.ReceivedEvent;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads audit facts: a record's bytes become an event of the log, or a reason why not. */
public final class AuditFacts {
  /** CloudEvents type of an audit fact. */
  public static final String TYPE = "dev.cofferdam.audit.recorded.v1";

  private AuditFacts() {}

  /** What a record is. */
  public sealed interface Reading {
    /**
     * A fact for the log.
     *
     * @param tier name of the tenant's tier, for spans
     * @param traceHeaders trace context of its request
     */
    record Logged(AuditEvent event, String tier, Map<String, String> traceHeaders)
        implements Reading {}

    /**
     * A record that is none.
     *
     * @param reason which rule it breaks; no value of the record
     */
    record Rejected(String reason) implements Reading {}
  }

  /** Reads a record's value. */
  public static Reading read(byte @Nullable [] value) {
    if (value == null) {
      return new Reading.Rejected("no value");
    }
    ReceivedEvent<AuditRecorded> received;
    try {
      received = Events.parse(value, AuditRecorded.parser(), AuditRecorded.class);
    } catch (RuntimeException e) {
      // The message could repeat bytes of the record.
      boolean malformed = e.getCause() instanceof InvalidProtocolBufferException;
      return new Reading.Rejected(malformed ? "malformed bytes" : "not an audit event");
    }
    if (!received.type().equals(TYPE)) {
      return new Reading.Rejected("type: expected " + TYPE);
    }
    AuditRecorded data = received.data();
    try {
      AuditEvent event =
          new AuditEvent(
              received.source(),
              received.id(),
              new TenantId(data.getTenant()),
              data.getRequestId(),
              data.getOperation(),
              Math.clamp(data.getSeverityValue(), 0, 3),
              data.getOccurredEpochMs(),
              data.toByteArray());
      return new Reading.Logged(event, data.getTier(), received.traceHeaders());
    } catch (IllegalArgumentException e) {
      return new Reading.Rejected(String.valueOf(e.getMessage()));
    }
  }
}
