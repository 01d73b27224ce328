package dev.cofferdam.gateway.facts.kafka;

import com.google.protobuf.ByteString;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.facts.AuditFacts;
import dev.cofferdam.gateway.facts.AuditKeys;
import dev.cofferdam.gateway.facts.ContentHash;
import dev.cofferdam.gateway.facts.DeadLetter;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.SpoolFullException;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.proto.events.v1.DeadLettered;
import dev.cofferdam.proto.events.v1.MaskedValues;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.events.v1.Severity;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicLong;

/** Audit facts as CloudEvents, keyed by tenant. On disk when {@link #record} returns. */
public final class KafkaAuditFacts implements AuditFacts {
  private static final String TYPE = "dev.cofferdam.audit.recorded.v1";
  private static final String DEAD_LETTER_TYPE = "dev.cofferdam.request.dead-lettered.v1";

  private final FactPublisher publisher;
  private final AuditKeys keys;
  private final InstantSource clock;
  private final AtomicLong sequence = new AtomicLong();

  /**
   * @param publisher stays the caller's
   */
  public KafkaAuditFacts(FactPublisher publisher, AuditKeys keys, InstantSource clock) {
    this.publisher = publisher;
    this.keys = keys;
    this.clock = clock;
  }

  @Override
  public void record(AuditFact fact) {
    String id =
        fact.requestId().orElseGet(RequestId::random).value() + ":" + sequence.getAndIncrement();
    if (fact.severity() == AuditFact.Severity.CRITICAL) {
      kept(() -> publisher.insist(Topics.AUDIT, fact.tenant(), id, TYPE, event(id, fact)));
    } else {
      kept(() -> publisher.publish(Topics.AUDIT, fact.tenant(), id, TYPE, event(id, fact)));
    }
  }

  @Override
  public void deadLetter(DeadLetter letter) {
    String id = letter.request().value() + ":dead";
    DeadLettered event =
        DeadLettered.newBuilder()
            .setEventId(id)
            .setRequestId(letter.request().value())
            .setTenant(letter.tenant().value())
            .setModel(letter.model())
            .setAdapter(letter.adapter())
            .addAllWorkerIds(letter.workerIds())
            .setPromptTokens(letter.promptTokens())
            .setPromptHmac(ByteString.copyFrom(letter.promptHmac()))
            .setOccurredEpochMs(clock.millis())
            .build();
    String tenant = letter.tenant().value();
    kept(() -> publisher.publish(Topics.DEAD_LETTERS, tenant, id, DEAD_LETTER_TYPE, event));
  }

  private static void kept(Runnable publishing) {
    try {
      publishing.run();
    } catch (SpoolFullException e) {
      throw Refusal.of(ErrorCode.AUDIT_UNAVAILABLE, "audit records cannot be kept right now")
          .asException();
    }
  }

  @Override
  public boolean accepting() {
    return publisher.accepting();
  }

  @Override
  public ContentHash contentHash(TenantId tenant) {
    return keys.contentHash(tenant);
  }

  private AuditRecorded event(String id, AuditFact fact) {
    AuditRecorded.Builder event =
        AuditRecorded.newBuilder()
            .setEventId(id)
            .setRequestId(fact.requestId().map(RequestId::value).orElse(""))
            .setTenant(fact.tenant())
            .setTier(fact.tier())
            .setActor(fact.actor())
            .setSourceIp(fact.sourceIp())
            .setOperation(fact.operation())
            .setSeverity(severity(fact.severity()))
            .setOutcome(outcome(fact.outcome()))
            .setCode(fact.code())
            .setOccurredEpochMs(clock.millis())
            .setDetail(fact.detail())
            .setKvBlocksAllocated(-1)
            .setKvBlocksZeroed(-1);
    fact.generation().ifPresent(generation -> add(event, generation));
    return event.build();
  }

  private static void add(AuditRecorded.Builder event, AuditFact.Generation g) {
    event
        .setModel(g.model())
        .setAdapter(g.adapter())
        .setAdapterVersion(g.adapterVersion())
        .setWorkerId(g.workerId())
        .setPool(g.pool())
        .setAttempts(g.attempts())
        .addAllRoutingExplanation(g.routingExplanation())
        .setPromptTokens(g.promptTokens())
        .setCachedPromptTokens(g.cachedPromptTokens())
        .setOutputTokens(g.outputTokens())
        .setQueueWaitMs(g.queueWaitMs())
        .setTtftMs(g.ttftMs())
        .setLatencyMs(g.latencyMs())
        .setKvBlocksAllocated(g.kvBlocksAllocated())
        .setKvBlocksZeroed(g.kvBlocksZeroed())
        .setKvEncrypted(g.kvEncrypted())
        .setLimitTokensRemaining(g.limitTokensRemaining())
        .setLimitRequestsRemaining(g.limitRequestsRemaining())
        .setPromptHmac(ByteString.copyFrom(g.promptHmac()))
        .setResponseHmac(ByteString.copyFrom(g.responseHmac()));
    g.masked()
        .forEach(
            (kind, values) ->
                event.addMasked(MaskedValues.newBuilder().setKind(kind.label()).setValues(values)));
  }

  private static Severity severity(AuditFact.Severity severity) {
    return switch (severity) {
      case INFO -> Severity.SEVERITY_INFO;
      case WARNING -> Severity.SEVERITY_WARNING;
      case CRITICAL -> Severity.SEVERITY_CRITICAL;
    };
  }

  private static Outcome outcome(AuditFact.Outcome outcome) {
    return switch (outcome) {
      case COMPLETED -> Outcome.OUTCOME_COMPLETED;
      case CANCELLED -> Outcome.OUTCOME_CANCELLED;
      case FAILED -> Outcome.OUTCOME_FAILED;
      case REFUSED -> Outcome.OUTCOME_REFUSED;
    };
  }
}
