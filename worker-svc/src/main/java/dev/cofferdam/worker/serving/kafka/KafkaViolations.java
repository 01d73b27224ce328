package dev.cofferdam.worker.serving.kafka;

import dev.cofferdam.mesh.Caller;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.RecordPace;
import dev.cofferdam.mesh.kafka.SpoolFullException;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.events.v1.Severity;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.worker.batching.EndCause;
import dev.cofferdam.worker.lease.Lease;
import dev.cofferdam.worker.serving.ServingListener;
import dev.cofferdam.worker.usage.AttemptRecord;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records refused grants, and sequences that were stopped at the border of a tenant, for the audit
 * log. At most {@link #PER_SECOND_MAX} a second; the next one says how many were left out.
 */
public final class KafkaViolations implements ServingListener {
  /** Largest number of facts in a second. */
  public static final int PER_SECOND_MAX = 50;

  private static final Logger LOG = LoggerFactory.getLogger(KafkaViolations.class);
  private static final String TYPE = "dev.cofferdam.audit.recorded.v1";

  /** What an honest mesh never does; the rest may be a late message. */
  private static final Set<String> ATTACKS =
      Set.of("signature", "replayed", "other_worker", "other_tenant");

  private final FactPublisher publisher;
  private final String workerId;
  private final String pool;
  private final InstantSource clock;
  private final RecordPace pace = new RecordPace(PER_SECOND_MAX);

  /**
   * @param publisher not closed by this
   */
  public KafkaViolations(
      FactPublisher publisher, String workerId, String pool, InstantSource clock) {
    this.publisher = publisher;
    this.workerId = workerId;
    this.pool = pool;
    this.clock = clock;
  }

  @Override
  public void ended(AttemptRecord attempt) {
    if (attempt.cause() == EndCause.ISOLATION) {
      record(
          event(Optional.of(attempt.lease()), Severity.SEVERITY_CRITICAL)
              .setOperation("isolation_violation")
              .setOutcome(Outcome.OUTCOME_FAILED)
              .setCode(ErrorCode.INTERNAL.wireName()),
          "a sequence was stopped before it used another tenant's KV block");
    }
  }

  @Override
  public void grantRefused(String reason, Optional<Lease> lease) {
    Caller caller = Caller.current();
    boolean attack = ATTACKS.contains(reason);
    record(
        event(lease, attack ? Severity.SEVERITY_CRITICAL : Severity.SEVERITY_WARNING)
            .setActor(caller.actor())
            .setSourceIp(caller.address())
            .setOperation(attack ? "isolation_violation" : "generate")
            .setOutcome(Outcome.OUTCOME_REFUSED)
            .setCode(ErrorCode.BAD_GRANT.wireName()),
        "the grant was not honoured: " + reason);
  }

  private AuditRecorded.Builder event(Optional<Lease> lease, Severity severity) {
    AuditRecorded.Builder event =
        AuditRecorded.newBuilder()
            .setEventId(RequestId.random() + ":0")
            .setTenant("-")
            .setActor("-")
            .setSourceIp("-")
            .setSeverity(severity)
            .setOccurredEpochMs(clock.millis())
            .setWorkerId(workerId)
            .setPool(pool)
            .setKvBlocksAllocated(-1)
            .setKvBlocksZeroed(-1);
    lease.ifPresent(
        known ->
            event
                .setRequestId(known.request().value())
                .setTenant(known.tenant().value())
                .setTier(known.tier())
                .setModel(known.model())
                .setAdapter(known.adapter())
                .setAdapterVersion(known.adapterVersion())
                .setAttempts(known.attempt()));
    return event;
  }

  private void record(AuditRecorded.Builder event, String detail) {
    long before = pace.admit(clock.millis());
    if (before < 0) {
      return;
    }
    event.setDetail(RecordPace.told(detail, before));
    try {
      publisher.insist(Topics.AUDIT, event.getTenant(), event.getEventId(), TYPE, event.build());
    } catch (SpoolFullException e) {
      LOG.error("no room for the audit record of a violation of {}", event.getTenant());
    }
  }
}
