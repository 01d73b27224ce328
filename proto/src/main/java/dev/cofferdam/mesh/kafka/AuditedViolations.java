package dev.cofferdam.mesh.kafka;

import dev.cofferdam.mesh.store.Violation;
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
  private final String asked;

  /**
   * @param asked what the service keeps, such as "usage": an attempt is recorded as asking for
   *     another tenant's
   */
  public AuditedViolations(FactPublisher publisher, InstantSource clock, String asked) {
    this.publisher = publisher;
    this.clock = clock;
    this.asked = asked;
  }

  @Override
  public void record(Violation violation) {
    publish(
        publisher,
        clock,
        violation,
        ErrorCode.IDENTITY_MISMATCH,
        "asked for another tenant's " + asked + " by " + violation.method());
  }

  static void publish(
      FactPublisher publisher,
      InstantSource clock,
      Violation violation,
      ErrorCode code,
      String detail) {
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
            .setCode(code.wireName())
            .setOccurredEpochMs(clock.millis())
            .setDetail(detail)
            .build();
    try {
      publisher.insist(Topics.AUDIT, tenant, id, TYPE, fact);
    } catch (SpoolFullException e) {
      LOG.error("an isolation violation of {} could not be put on the audit log", tenant);
    }
  }
}
