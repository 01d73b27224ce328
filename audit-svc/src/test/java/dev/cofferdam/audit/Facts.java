package dev.cofferdam.audit;

import dev.cofferdam.audit.record.kafka.AuditFacts;
import dev.cofferdam.mesh.kafka.FactConsumer.Fact;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.events.v1.Severity;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.wire.Events;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Audit facts for tests. */
public final class Facts {
  /** When tests happen. */
  public static final Instant NOW = Instant.parse("2026-03-01T12:30:00Z");

  private static final List<String> TENANTS =
      List.of("harbor-books", "pixel-pirates", "nordic-parcel");

  private Facts() {}

  /** A request id from a number. */
  public static RequestId request(long number) {
    return new RequestId(String.format("%032x", number));
  }

  /** The data of a fact. */
  public static AuditRecorded.Builder audit(long request, String tenant) {
    return AuditRecorded.newBuilder()
        .setEventId(request(request).value() + ":0")
        .setRequestId(request(request).value())
        .setTenant(tenant)
        .setTier("standard")
        .setActor("key:k1")
        .setSourceIp("127.0.0.1")
        .setOperation("generate")
        .setSeverity(Severity.SEVERITY_INFO)
        .setOutcome(Outcome.OUTCOME_COMPLETED)
        .setOccurredEpochMs(NOW.toEpochMilli())
        .setModel("support-desk")
        .setWorkerId("w1")
        .setPool("shared")
        .setPromptTokens(100)
        .setOutputTokens(20);
  }

  /** The event of a fact. */
  public static byte[] bytes(AuditRecorded data) {
    return bytes(data, Map.of());
  }

  /** The event of a fact. */
  public static byte[] bytes(AuditRecorded data, Map<String, String> trace) {
    return Events.encode(
        data.getEventId(), "/cofferdam/gateway", AuditFacts.TYPE, NOW, trace, data);
  }

  /** Facts of three tenants in turn, with requests numbered from a start. */
  public static List<AuditRecorded> some(long start, int count) {
    List<AuditRecorded> facts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      facts.add(audit(start + i, TENANTS.get(i % TENANTS.size())).build());
    }
    return facts;
  }

  /** Facts in a partition, from an offset on. */
  public static List<Fact> in(int partition, long offset, List<AuditRecorded> data) {
    List<Fact> facts = new ArrayList<>();
    for (AuditRecorded one : data) {
      facts.add(new Fact(partition, offset + facts.size(), bytes(one)));
    }
    return facts;
  }
}
