package dev.cofferdam.metering.budget.kafka;

import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.metering.budget.Mark;
import dev.cofferdam.metering.budget.Spent;
import dev.cofferdam.metering.budget.Teller;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.proto.events.v1.BudgetMark;
import dev.cofferdam.proto.events.v1.BudgetStated;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.events.v1.Severity;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoField;
import java.util.List;

/**
 * Statements on the topic of budgets, where the last one of each tenant stays, and each alert as a
 * fact of the audit log. An alert that is told twice has the same id, and is kept once.
 */
public final class KafkaTeller implements Teller {
  private static final String STATED = "dev.cofferdam.budget.stated.v1";
  private static final String AUDITED = "dev.cofferdam.audit.recorded.v1";

  private final FactPublisher publisher;
  private final long waitingBytesMax;

  /**
   * @param publisher stays the caller's
   * @param waitingBytesMax bytes of the spool from which on nothing is stated while Kafka is away:
   *     a later word takes the place of all before it, and the rest of the spool is for what is
   *     told once
   */
  public KafkaTeller(FactPublisher publisher, long waitingBytesMax) {
    this.publisher = publisher;
    this.waitingBytesMax = waitingBytesMax;
  }

  /**
   * @throws dev.cofferdam.mesh.kafka.SpoolFullException where the spool takes no more
   */
  @Override
  public void alert(Mark mark, Instant now) {
    String tenant = mark.tenant().value();
    String id =
        "budget:"
            + tenant
            + ":"
            + mark.budget().label()
            + ":"
            + mark.period()
            + ":"
            + mark.percent();
    publisher.publish(
        Topics.AUDIT,
        tenant,
        id,
        AUDITED,
        AuditRecorded.newBuilder()
            .setEventId(id)
            .setTenant(tenant)
            .setActor("metering")
            .setOperation("budget_alert")
            .setSeverity(Severity.SEVERITY_WARNING)
            .setOutcome(Outcome.OUTCOME_COMPLETED)
            .setOccurredEpochMs(now.toEpochMilli())
            .setDetail(
                mark.percent()
                    + " % of the budget "
                    + mark.budget().label()
                    + " are spent by the ledger: "
                    + mark.spent()
                    + " of "
                    + mark.limit())
            .build());
  }

  /**
   * @throws dev.cofferdam.mesh.kafka.SpoolFullException where the spool takes no more
   */
  @Override
  public boolean state(TenantId tenant, LocalDate day, Spent spent, List<Mark> marks, Instant now) {
    if (publisher.backlogBytes() > waitingBytesMax) {
      return false;
    }
    BudgetStated.Builder stated =
        BudgetStated.newBuilder()
            .setTenant(tenant.value())
            .setDay(day.toEpochDay())
            .setDayTokens(spent.dayTokens())
            .setDayCostMicros(spent.dayMicros())
            .setMonth(day.getLong(ChronoField.PROLEPTIC_MONTH))
            .setMonthTokens(spent.monthTokens())
            .setMonthCostMicros(spent.monthMicros())
            .setStatedEpochMs(now.toEpochMilli());
    for (Mark mark : marks) {
      stated.addMarks(
          BudgetMark.newBuilder()
              .setBudget(mark.budget().label())
              .setPercent(mark.percent())
              .setLimit(mark.limit())
              .setSpent(mark.spent()));
    }
    String id = tenant.value() + ":" + now.toEpochMilli();
    publisher.publish(Topics.BUDGETS, tenant.value(), id, STATED, stated.build());
    return true;
  }
}
