package dev.cofferdam.gateway.quota;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.TenantId;
import org.junit.jupiter.api.Test;

class BudgetMemoryTest {
  private static final TenantId TENANT = new TenantId("acme");

  private final BudgetMemory memory = new BudgetMemory(10);

  @Test
  void aStoreThatSaysLessThanBeforeHasLostSome() {
    assertThat(memory.see(TENANT, spent(100), 1_000)).isEmpty();

    assertThat(memory.see(TENANT, spent(40), 1_001)).contains(spent(100));
  }

  @Test
  void anAnswerThatWasOvertakenProvesNoLoss() {
    assertThat(memory.see(TENANT, spent(100), 1_000)).isEmpty();

    assertThat(memory.see(TENANT, spent(40), 999)).isEmpty();
    assertThat(memory.see(TENANT, spent(40), 1_000)).isEmpty();
    assertThat(memory.last(TENANT)).isEqualTo(spent(100));
  }

  @Test
  void aStoreThatIsBehindTheLedgerIsTold() {
    memory.atLeast(TENANT, spent(100));

    assertThat(memory.see(TENANT, spent(40), 1_000)).contains(spent(100));
    assertThat(memory.see(TENANT, spent(100), 1_001)).isEmpty();
  }

  @Test
  void aStoreThatIsAheadOfTheLedgerHasRequestsThatTheLedgerDoesNotKnowYet() {
    assertThat(memory.see(TENANT, spent(100), 1_000)).isEmpty();
    memory.atLeast(TENANT, spent(40));

    assertThat(memory.see(TENANT, spent(100), 1_001)).isEmpty();
    assertThat(memory.last(TENANT)).isEqualTo(spent(100));
  }

  @Test
  void ofYesterdayOnlyTheMonthCounts() {
    Spent today = new Spent(20_001, 5, 0, 24_000, 105, 0, 0, 0);
    assertThat(memory.see(TENANT, today, 1_000)).isEmpty();
    memory.atLeast(TENANT, spent(300));

    assertThat(memory.last(TENANT)).isEqualTo(new Spent(20_001, 5, 0, 24_000, 300, 0, 0, 0));
    assertThat(memory.see(TENANT, today, 1_001))
        .contains(new Spent(20_001, 5, 0, 24_000, 300, 0, 0, 0));
  }

  private static Spent spent(long tokens) {
    return new Spent(20_000, tokens, 0, 24_000, tokens, 0, 0, 0);
  }
}
