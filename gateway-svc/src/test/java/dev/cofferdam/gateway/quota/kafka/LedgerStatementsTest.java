package dev.cofferdam.gateway.quota.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.quota.Spent;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.TestKafka;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.events.v1.BudgetStated;
import dev.cofferdam.vocabulary.TenantId;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the ledger says, over a real Kafka. */
class LedgerStatementsTest {
  @TempDir Path folder;

  private record Heard(TenantId tenant, Spent spent) {}

  private static BudgetStated stated(long dayTokens) {
    return BudgetStated.newBuilder()
        .setTenant("acme")
        .setDay(20_000)
        .setDayTokens(dayTokens)
        .setDayCostMicros(7)
        .setMonth(24_000)
        .setMonthTokens(500)
        .setMonthCostMicros(70)
        .build();
  }

  private static Heard heard(long dayTokens) {
    return new Heard(new TenantId("acme"), new Spent(20_000, dayTokens, 7, 24_000, 500, 70, 0, 0));
  }

  private LedgerStatements open(TestKafka kafka, BlockingQueue<Heard> heard) {
    return LedgerStatements.open(
        kafka.settings(),
        folder.resolve("snapshot"),
        (tenant, spent) -> heard.add(new Heard(tenant, spent)));
  }

  @Test
  void eachStatementIsHeardAndTheLastOneAfterARestart() throws InterruptedException {
    BlockingQueue<Heard> first = new LinkedBlockingQueue<>();
    BlockingQueue<Heard> second = new LinkedBlockingQueue<>();
    try (TestKafka kafka = new TestKafka(folder.resolve("kafka"))) {
      kafka.create(Topics.BUDGETS, 1);
      try (FactPublisher publisher =
              FactPublisher.open(kafka.settings(), "metering", folder.resolve("spool"), 1 << 20);
          LedgerStatements statements = open(kafka, first)) {
        assertThat(statements).isNotNull();
        publisher.publish(
            Topics.BUDGETS, "acme", "acme:1", "dev.cofferdam.budget.stated.v1", stated(100));
        assertThat(first.poll(30, TimeUnit.SECONDS)).isEqualTo(heard(100));
        publisher.publish(
            Topics.BUDGETS, "acme", "acme:2", "dev.cofferdam.budget.stated.v1", stated(200));
        assertThat(first.poll(30, TimeUnit.SECONDS)).isEqualTo(heard(200));
      }
      try (LedgerStatements statements = open(kafka, second)) {
        assertThat(statements).isNotNull();
        assertThat(second.poll(30, TimeUnit.SECONDS)).isEqualTo(heard(200));
      }
    }
  }
}
