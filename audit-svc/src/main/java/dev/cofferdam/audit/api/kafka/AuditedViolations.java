package dev.cofferdam.audit.api.kafka;

import dev.cofferdam.audit.api.Violation;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.SpoolFullException;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.events.v1.Severity;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RequestId;
import java.time.InstantSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Violations as CRITICAL audit facts. */
public final class AuditedViolations implements Violation.Recorder {
  private static final Logger LOG = LoggerFactory.getLogger(AuditedViolations.class);
  private static final String TYPE = "dev.cofferdam.audit.recorded.v1";

  private final FactPublisher publisher;
  private final InstantSource clock;

  public AuditedViolations(FactPublisher publisher, InstantSource clock) {
    this.publisher = publisher;
    this.clock = clock;
  }

  @Override
  public void record(Violation violation) {
    String tenant = violation.tenant().value();
    String id = RequestId.random().value() + ":0";
    AuditRecorded fact =
        AuditRecorded.newBuilder()
            .setEventId(id)
            .setTenant(tenant)
            .setActor(violation.actor())
            .setSourceIp(violation.address())
            .setOperation("isolation_violation")
            .setSeverity(Severity.SEVERITY_CRITICAL)
            .setOutcome(Outcome.OUTCOME_REFUSED)
            .setCode(ErrorCode.IDENTITY_MISMATCH.wireName())
            .setOccurredEpochMs(clock.millis())
            .setDetail("asked for another tenant's records by " + violation.method())
            .build();
    try {
      publisher.publish(Topics.AUDIT, tenant, id, TYPE, fact);
    } catch (SpoolFullException e) {
      LOG.error("an isolation violation of {} could not be put on the audit log", tenant);
    }
  }
}
