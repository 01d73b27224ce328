package dev.cofferdam.scheduler.shard;

import static dev.cofferdam.scheduler.shard.Pool.key;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.scheduler.admission.Candidate;
import dev.cofferdam.scheduler.admission.QueueBounds;
import dev.cofferdam.scheduler.ledger.Guarantees;
import dev.cofferdam.scheduler.ledger.KvPool;
import dev.cofferdam.scheduler.ledger.WorkerDescriptor;
import dev.cofferdam.scheduler.shard.Pool.Ask;
import dev.cofferdam.scheduler.shard.PoolEffect.Granted;
import dev.cofferdam.scheduler.shard.PoolEffect.Queued;
import dev.cofferdam.scheduler.shard.PoolEffect.Refused;
import dev.cofferdam.scheduler.shard.PoolEffect.Revoke;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PoolCoreTest {
  private final Pool pool = new Pool();

  private static Pool bounded(int poolMax, int tenantMax) {
    return new Pool(
        PoolSettings.DEFAULT.withBounds(new QueueBounds(poolMax, tenantMax, 60_000, 5_000)));
  }

  @Test
  void aRequestIsGrantedAtOnceWhereThereIsRoom() {
    pool.attach("w1", 2, 100);
    long ticket = pool.enqueue(new Ask(1));
    Granted grant = pool.only(Granted.class);
    assertThat(grant.ticket()).isEqualTo(ticket);
    assertThat(grant.kvBlocks()).isEqualTo(13);
    assertThat(grant.expiresMs()).isEqualTo(pool.nowMs + 10_000);
    assertThat(pool.core.ledger().kvBlocksTaken("w1")).isEqualTo(13);
  }

  @Test
  void aRequestWaitsUntilASlotIsFreeAndIsToldItsPosition() {
    WorkerDescriptor w = pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(1));
    pool.enqueue(new Ask(2));
    long third = pool.enqueue(new Ask(3));
    assertThat(pool.all(Queued.class).getLast()).isEqualTo(new Queued(third, 1, 0));
    pool.nowMs += 400;
    pool.ended(w, 1, 1, 100, 5);
    assertThat(pool.granted()).hasSize(2);
    assertThat(pool.all(Granted.class).getLast().queueWaitMs()).isEqualTo(400);
    pool.after(1_000);
    assertThat(pool.all(Queued.class).getLast()).isEqualTo(new Queued(third, 0, 400));
  }

  @Test
  void whatATenantIsSureOfIsLeasedToNobodyElseHoweverLittleItUses() {
    pool.attach("w1", 8, 30);
    pool.step(new PoolEvent.Guaranteed(new Guarantees(Map.of("sure", 16 * 1024L))));
    pool.enqueue(new Ask(1).tenant("other", 1));
    pool.enqueue(new Ask(2).tenant("another", 1));
    assertThat(pool.granted()).hasSize(1);
    pool.enqueue(new Ask(3).tenant("sure", 1));
    assertThat(pool.granted()).hasSize(2);
    assertThat(pool.all(Granted.class).getLast().request().tenant().value()).isEqualTo("sure");

    pool.step(new PoolEvent.Guaranteed(Guarantees.NONE));
    assertThat(pool.granted()).hasSize(2);
    pool.step(
        new PoolEvent.Guaranteed(new Guarantees(Map.of("sure", 40 * 1024L, "a", 80 * 1024L))));
    long never = pool.enqueue(new Ask(4).tenant("other", 1));
    assertThat(pool.only(Refused.class).ticket()).isEqualTo(never);
  }

  @Test
  void aWorkersModelsHaveKvPoolsOfTheirOwn() {
    WorkerDescriptor one = pool.describe("w1", 1, 8, 13);
    Map<String, KvPool> pools = Map.of("m", new KvPool(13, 1024), "n", new KvPool(13, 4096));
    WorkerDescriptor two =
        new WorkerDescriptor(
            "w1", 1, one.session(), "w1:1", Set.of("m", "n"), 8, 1, 16, 1, 2, pools);
    pool.step(new PoolEvent.WorkerAttached(two, List.of()));
    pool.enqueue(new Ask(1));
    pool.enqueue(new Ask(2));
    assertThat(pool.granted()).hasSize(1);
    pool.enqueue(new Ask(3).model("n").tenant("other", 1));
    assertThat(pool.granted()).hasSize(2);
    assertThat(pool.core.ledger().leases())
        .extracting(lease -> lease.kvBytes())
        .containsExactlyInAnyOrder(13 * 1024L, 13 * 4096L);
  }

  @Test
  void kvBlocksAreLeasedForPromptAndAllOutputBeforeTheGrant() {
    pool.attach("w1", 8, 20);
    pool.enqueue(new Ask(1));
    pool.enqueue(new Ask(2));
    assertThat(pool.granted()).hasSize(1);
  }

  @Test
  void noMoreAdaptersRunAtOnceThanTheWorkerHasSlotsFor() {
    pool.attach("w1", 8, 1_000);
    pool.enqueue(new Ask(1).adapter("a"));
    pool.enqueue(new Ask(2).adapter("b"));
    long third = pool.enqueue(new Ask(3).adapter("c"));
    long other = pool.enqueue(new Ask(4).tenant("other", 1));
    assertThat(pool.granted()).contains(other).doesNotContain(third);
  }

  @Test
  void theBestScoredCandidateWithRoomIsChosen() {
    pool.attach("w1", 1, 100);
    pool.attach("w2", 1, 100);
    Candidate[] ranking = {new Candidate("w2", 0.9, 0), new Candidate("w1", 0.2, 0)};
    pool.enqueue(new Ask(1).ranked(ranking));
    pool.enqueue(new Ask(2).ranked(ranking));
    assertThat(pool.all(Granted.class).stream().map(g -> g.worker().workerId()))
        .containsExactly("w2", "w1");
  }

  @Test
  void aWorkerThatTheRouterDidNotNameIsNotUsedUnlessItCameLater() {
    pool.attach("w2", 1, 100);
    pool.enqueue(new Ask(1).on("w1"));
    assertThat(pool.granted()).isEmpty();
    pool.attach("w3", 1, 100);
    assertThat(pool.only(Granted.class).worker().workerId()).isEqualTo("w3");
  }

  @Test
  void aTenantRunsNoMoreThanItsBoundAndOthersGoAhead() {
    WorkerDescriptor w = pool.attach("w1", 8, 1_000);
    pool.enqueue(new Ask(1).bounds(1, 0));
    long second = pool.enqueue(new Ask(2).bounds(1, 0));
    long other = pool.enqueue(new Ask(3).tenant("other", 1));
    assertThat(pool.granted()).contains(other).doesNotContain(second);
    pool.ended(w, 1, 1, 100, 5);
    assertThat(pool.granted()).contains(second);
  }

  @Test
  void aTenantHoldsNoMoreKvBytesThanItsBound() {
    WorkerDescriptor w = pool.attach("w1", 8, 1_000);
    pool.enqueue(new Ask(1).bounds(0, 20 * 1024));
    long second = pool.enqueue(new Ask(2).bounds(0, 20 * 1024));
    assertThat(pool.granted()).doesNotContain(second);
    pool.ended(w, 1, 1, 100, 5);
    assertThat(pool.granted()).contains(second);
  }

  @Test
  void aRequestThatCanNeverFitIsRefusedAtOnce() {
    pool.attach("w1", 8, 10);
    pool.enqueue(new Ask(1));
    Refused refused = pool.only(Refused.class);
    assertThat(refused.refusal().code()).isEqualTo(ErrorCode.NO_CAPACITY);
    assertThat(refused.wasAdmitted()).isFalse();
    assertThat(refused.refusal().message()).contains("200 tokens");
  }

  @Test
  void aRequestBeyondItsTenantsKvBoundIsRefusedAtOnce() {
    pool.attach("w1", 8, 1_000);
    pool.enqueue(new Ask(1).bounds(0, 1024));
    assertThat(pool.only(Refused.class).refusal().code()).isEqualTo(ErrorCode.NO_CAPACITY);
  }

  @Test
  void withoutAnyWorkerARequestWaitsForAWhileAndIsThenRefused() {
    pool.enqueue(new Ask(1));
    pool.after(1_000);
    assertThat(pool.all(Refused.class)).isEmpty();
    pool.after(5_000);
    Refused refused = pool.only(Refused.class);
    assertThat(refused.refusal().code()).isEqualTo(ErrorCode.NO_CAPACITY);
    assertThat(refused.wasAdmitted()).isTrue();
  }

  @Test
  void aFullQueueRefusesWithoutAdmission() {
    Pool small = bounded(2, 2);
    small.attach("w1", 1, 100);
    small.enqueue(new Ask(1));
    small.enqueue(new Ask(2));
    small.enqueue(new Ask(3).tenant("other", 1));
    small.enqueue(new Ask(4).tenant("third", 1));
    Refused refused = small.only(Refused.class);
    assertThat(refused.refusal().code()).isEqualTo(ErrorCode.QUEUE_FULL);
    assertThat(refused.wasAdmitted()).isFalse();
    assertThat(refused.refusal().retryAfter()).isPresent();
  }

  @Test
  void oneTenantCannotFillTheQueueOfAll() {
    Pool small = bounded(10, 2);
    small.attach("w1", 1, 100);
    for (int i = 1; i <= 5; i++) {
      small.enqueue(new Ask(i));
    }
    long other = small.enqueue(new Ask(9).tenant("other", 1));
    assertThat(small.all(Refused.class)).hasSize(2);
    assertThat(small.core.queues().find(other)).isPresent();
  }

  @Test
  void waitingTooLongIsARefusalAfterAdmission() {
    pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(1));
    WorkerDescriptor w = pool.core.ledger().worker("w1").orElseThrow();
    pool.progress(w, 1, 1, 100, 1);
    pool.enqueue(new Ask(2));
    pool.after(60_000);
    Refused refused = pool.only(Refused.class);
    assertThat(refused.refusal().code()).isEqualTo(ErrorCode.QUEUE_TIMEOUT);
    assertThat(refused.wasAdmitted()).isTrue();
  }

  @Test
  void aDeadlineEndsTheWait() {
    pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(1));
    pool.enqueue(new Ask(2).deadline(pool.nowMs + 100));
    pool.after(100);
    assertThat(pool.only(Refused.class).refusal().code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
  }

  @Test
  void aWithdrawnRequestLeavesTheQueueAndGivesBackAGrantThatWasNotUsed() {
    pool.attach("w1", 1, 100);
    long first = pool.enqueue(new Ask(1));
    long second = pool.enqueue(new Ask(2));
    long third = pool.enqueue(new Ask(3));
    pool.step(new PoolEvent.Withdraw(second));
    pool.step(new PoolEvent.Withdraw(first));
    pool.after(2_000);
    assertThat(pool.only(Revoke.class).key()).isEqualTo(key(1, 1));
    assertThat(pool.granted()).containsExactly(first, third);
  }

  @Test
  void aWithdrawalAfterTheWorkerStartedChangesNothing() {
    WorkerDescriptor w = pool.attach("w1", 1, 100);
    long first = pool.enqueue(new Ask(1));
    pool.progress(w, 1, 1, 16, 0);
    pool.step(new PoolEvent.Withdraw(first));
    assertThat(pool.all(Revoke.class)).isEmpty();
    assertThat(pool.core.ledger().running()).isEqualTo(1);
  }

  @Test
  void aGrantThatArrivedOnACallThatWasCancelledThenIsKept() {
    WorkerDescriptor w = pool.attach("w1", 1, 100);
    long first = pool.enqueue(new Ask(1));
    pool.step(new PoolEvent.Withdraw(first));
    pool.progress(w, 1, 1, 0, 0);
    pool.after(20_000);
    assertThat(pool.all(Revoke.class)).isEmpty();
    assertThat(pool.core.ledger().running()).isEqualTo(1);
  }

  @Test
  void aGrantThatIsShownAfterItsLeaseWasTakenBackIsRevokedWhereItRuns() {
    WorkerDescriptor w = pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(1));
    pool.after(15_000);
    pool.progress(w, 1, 1, 0, 0);
    assertThat(pool.all(Revoke.class)).hasSize(2);
    assertThat(pool.all(Revoke.class).getLast().session()).isEqualTo(w.session());
    assertThat(pool.all(Revoke.class).getLast().key()).isEqualTo(key(1, 1));
  }

  @Test
  void anAttemptThatAnotherWorkerHasTheLeaseOfIsRevokedWhereItRunsWithoutOne() {
    WorkerDescriptor w1 = pool.attach("w1", 1, 100);
    WorkerDescriptor w2 = pool.attach("w2", 1, 100);
    pool.enqueue(new Ask(1).on("w1"));
    pool.after(15_000);
    pool.enqueue(new Ask(1).on("w2"));
    pool.progress(w1, 1, 1, 0, 0);
    pool.progress(w2, 1, 1, 0, 0);
    assertThat(pool.all(Revoke.class).stream().map(Revoke::workerId)).containsExactly("w1", "w1");
    assertThat(pool.core.ledger().lease(key(1, 1)).orElseThrow().workerId()).isEqualTo("w2");
  }

  @Test
  void aGrantThatIsNeverUsedGivesItsRoomBack() {
    pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(1));
    long second = pool.enqueue(new Ask(2));
    pool.after(15_000);
    assertThat(pool.granted()).contains(second);
    assertThat(pool.only(Revoke.class).key()).isEqualTo(key(1, 1));
  }

  @Test
  void askingTwiceForAnAttemptAnswersTheFirstCallAndKeepsOnePlace() {
    pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(1));
    long old = pool.enqueue(new Ask(2));
    pool.enqueue(new Ask(2));
    assertThat(pool.only(Refused.class).ticket()).isEqualTo(old);
    assertThat(pool.core.queues().size()).isEqualTo(1);
  }

  @Test
  void aLargeRequestIsNotBypassedForEver() {
    WorkerDescriptor w = pool.attach("w1", 4, 40);
    int id = 10;
    for (int i = 0; i < 3; i++) {
      pool.enqueue(new Ask(id++).tenant("small", 1));
    }
    long large = pool.enqueue(new Ask(1).tenant("large", 1).tokens(500, 100));
    int ended = 10;
    while (!pool.granted().contains(large) && ended < 400) {
      pool.enqueue(new Ask(id++).tenant("small", 100));
      pool.ended(w, ended++, 1, 100, 100);
    }
    assertThat(pool.granted()).contains(large);
  }

  @Test
  void inputThatIsComputedAgainAfterALossIsNotChargedToTheTenant() {
    WorkerDescriptor w = pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(1).attempt(2, 10));
    pool.ended(w, 1, 2, 110, 30);
    assertThat(pool.core.queues().of(WorkloadClass.INTERACTIVE).virtualTime("acme").orElseThrow())
        .isEqualTo(60);
  }

  @Test
  void whatWasServedIsWhatIsChargedInTheEnd() {
    WorkerDescriptor w = pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(1).tenant("acme", 0.5));
    pool.progress(w, 1, 1, 64, 0);
    pool.progress(w, 1, 1, 100, 3);
    pool.ended(w, 1, 1, 100, 4);
    assertThat(pool.core.queues().of(WorkloadClass.INTERACTIVE).virtualTime("acme").orElseThrow())
        .isEqualTo((100 + 2 * 4) / 0.5);
  }
}
