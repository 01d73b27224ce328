package dev.cofferdam.audit.retention.kafka;

import dev.cofferdam.audit.retention.Erasure;
import dev.cofferdam.audit.retention.Housekeeping;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.SpoolFullException;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.events.v1.Severity;

/**
 * Erasures as audit facts. They are nobody's records, so that the next erasure of the tenant does
 * not erase them.
 */
public final class AuditedErasures implements Housekeeping.Recorder {
  private static final String TYPE = "dev.cofferdam.audit.recorded.v1";
  private static final String NOBODY = "-";

  private final FactPublisher publisher;

  public AuditedErasures(FactPublisher publisher) {
    this.publisher = publisher;
  }

  @Override
  public void record(Erasure erasure) {
    String id = "erasure:" + erasure.id();
    AuditRecorded fact =
        AuditRecorded.newBuilder()
            .setEventId(id)
            .setTenant(NOBODY)
            .setActor(erasure.actor())
            .setOperation(
                "audit.erase_" + (erasure.kind() == Erasure.Kind.REQUEST ? "tenant" : "expired"))
            .setSeverity(Severity.SEVERITY_WARNING)
            .setOutcome(Outcome.OUTCOME_COMPLETED)
            .setOccurredEpochMs(erasure.at().toEpochMilli())
            .setDetail(
                "%s: %d data keys destroyed, log of %d records: %s"
                    .formatted(
                        erasure.tenant(), erasure.keys(), erasure.treeSize(), erasure.reason()))
            .build();
    try {
      publisher.publish(Topics.AUDIT, NOBODY, id, TYPE, fact);
    } catch (SpoolFullException e) {
      throw new IllegalStateException("the log cannot be told of an erasure: the spool is full", e);
    }
  }
}
