package dev.cofferdam.metering.usage.kafka;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.cofferdam.metering.usage.Preemption;
import dev.cofferdam.metering.usage.UsageEvent;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.wire.Events;
import dev.cofferdam.wire.Events.ReceivedEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads usage facts: a record's bytes become an event of the ledger, or a reason why not. */
public final class UsageFacts {
  /** CloudEvents type of a usage fact. */
  public static final String TYPE = "dev.cofferdam.usage.recorded.v1";

  /** How far a producer's clock may be ahead. */
  private static final Duration AHEAD_MAX = Duration.ofHours(24);

  private static final String OUTCOME_PREFIX = "OUTCOME_";

  private UsageFacts() {}

  /** What a record is. */
  public sealed interface Reading {
    /**
     * A fact that counts.
     *
     * @param said when its producer told of it
     * @param traceHeaders trace context of its request
     * @param preemptions for whom the attempt gave way
     */
    record Counted(
        UsageEvent event,
        Instant said,
        Map<String, String> traceHeaders,
        List<Preemption> preemptions)
        implements Reading {}

    /**
     * A record that does not.
     *
     * @param reason which rule it breaks; no value of the record
     */
    record Rejected(String reason) implements Reading {}
  }

  /** Reads a record's value as of now. */
  public static Reading read(byte @Nullable [] value, Instant now) {
    if (value == null) {
      return new Reading.Rejected("no value");
    }
    ReceivedEvent<UsageRecorded> received;
    try {
      received = Events.parse(value, UsageRecorded.parser(), UsageRecorded.class);
    } catch (RuntimeException e) {
      // The message could repeat bytes of the record.
      boolean malformed = e.getCause() instanceof InvalidProtocolBufferException;
      return new Reading.Rejected(malformed ? "malformed bytes" : "not a usage event");
    }
    if (!received.type().equals(TYPE)) {
      return new Reading.Rejected("type: expected " + TYPE);
    }
    try {
      UsageEvent event = event(received);
      if (event.ended().isAfter(now.plus(AHEAD_MAX))) {
        return new Reading.Rejected("ended_epoch_ms: more than a day ahead");
      }
      return new Reading.Counted(
          event, received.time(), received.traceHeaders(), preemptions(received.data()));
    } catch (IllegalArgumentException e) {
      return new Reading.Rejected(String.valueOf(e.getMessage()));
    }
  }

  private static List<Preemption> preemptions(UsageRecorded data) {
    return data.getPreemptedByCount() == 0
        ? List.of()
        : data.getPreemptedByMap().entrySet().stream()
            .map(by -> new Preemption(new TenantId(by.getKey()), by.getValue()))
            .toList();
  }

  private static UsageEvent event(ReceivedEvent<UsageRecorded> received) {
    UsageRecorded data = received.data();
    return new UsageEvent(
        received.source(),
        received.id(),
        new RequestId(data.getRequestId()),
        data.getAttempt(),
        sequence(received.id()),
        new TenantId(data.getTenant()),
        data.getTier(),
        new UsageEvent.Served(
            data.getModel(),
            data.getAdapter(),
            data.getAdapterVersion(),
            data.getWorkloadClass(),
            data.getPool(),
            data.getWorkerId(),
            data.getWorkerType(),
            data.getOperation().isEmpty() ? "generate" : data.getOperation()),
        new UsageEvent.Quantities(
            data.getPromptTokens(),
            data.getCachedPromptTokens(),
            data.getOutputTokens(),
            data.getQueueWaitMs(),
            data.getPrefillMs(),
            data.getDecodeMs(),
            data.getComputeUs(),
            data.getKvBlockMs(),
            data.getPreemptions()),
        outcome(data.getOutcome()),
        Instant.ofEpochMilli(data.getEndedEpochMs()));
  }

  private static int sequence(String id) {
    String last = id.substring(id.lastIndexOf(':') + 1);
    if (last.isEmpty() || last.length() > 9 || !last.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new IllegalArgumentException("id: expected request:attempt:sequence");
    }
    return Integer.parseInt(last);
  }

  private static String outcome(Outcome outcome) {
    if (outcome == Outcome.OUTCOME_UNSPECIFIED || outcome == Outcome.UNRECOGNIZED) {
      throw new IllegalArgumentException("outcome: unknown");
    }
    return outcome.name().substring(OUTCOME_PREFIX.length()).toLowerCase(Locale.ROOT);
  }
}
