package dev.cofferdam.scheduler.shard;

import static dev.cofferdam.scheduler.shard.Pool.key;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.scheduler.ledger.Served;
import dev.cofferdam.scheduler.ledger.WorkerDescriptor;
import dev.cofferdam.scheduler.preemption.PreemptionRules;
import dev.cofferdam.scheduler.shard.Pool.Ask;
import dev.cofferdam.scheduler.shard.PoolEffect.Preempt;
import dev.cofferdam.scheduler.shard.PoolEffect.Resume;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.List;
import org.junit.jupiter.api.Test;

class PreemptionTest {
  private final Pool pool = new Pool();
  private WorkerDescriptor worker;

  /** A worker on which so many requests of a tenant run, with rising numbers from 1 on. */
  private void busy(int slots, int kvBlocks, Ask... asks) {
    worker = pool.attach("w1", slots, kvBlocks);
    int id = 0;
    for (Ask ask : asks) {
      pool.enqueue(ask);
      pool.progress(worker, ++id, 1, 10, 0);
    }
    assertThat(pool.granted()).hasSize(asks.length);
    pool.nowMs += 100;
  }

  private static Ask batch(int id, String tenant) {
    return new Ask(id).tenant(tenant, 1).of(WorkloadClass.BATCH);
  }

  private List<Integer> preempted() {
    return pool.all(Preempt.class).stream()
        .map(p -> Integer.parseInt(p.request().key().request().value(), 16))
        .toList();
  }

  @Test
  void batchWorkOnBorrowedRoomGivesWayToAChatAndGoesOnWhenThatHasEnded() {
    busy(1, 100, batch(1, "night"));
    pool.enqueue(new Ask(2).tenant("chat", 1));
    assertThat(pool.granted()).hasSize(2);
    Preempt preempt = pool.only(Preempt.class);
    assertThat(preempt.request().key()).isEqualTo(key(1, 1));
    assertThat(preempt.causedBy().value()).isEqualTo("chat");
    assertThat(pool.core.stats().preempted()).isEqualTo(1);

    pool.progress(worker, 2, 1, 100, 1);
    pool.nowMs += 30;
    pool.ended(worker, 2, 1, 100, 5);
    Resume resume = pool.only(Resume.class);
    assertThat(resume.key()).isEqualTo(key(1, 1));
    assertThat(resume.pausedMs()).isEqualTo(30);
    assertThat(pool.core.stats().preempted()).isZero();
  }

  @Test
  void whatAClassWasGivenAsItsFloorIsSafeFromMoreUrgentClasses() {
    busy(1, 100, new Ask(1).tenant("chat", 1));
    int id = 1;
    // Standard work is owed a fifth while chats wait, and gets a turn in the end.
    pool.enqueue(new Ask(100).tenant("program", 1).of(WorkloadClass.STANDARD));
    while (pool.granted().size() < 12) {
      pool.enqueue(new Ask(id + 1).tenant("chat", 1));
      pool.ended(worker, id, 1, 100, 50);
      if (pool.core.ledger().lease(key(100, 1)).isPresent()) {
        break;
      }
      id++;
      pool.progress(worker, id, 1, 10, 0);
    }
    pool.progress(worker, 100, 1, 10, 0);
    pool.after(1_000);
    assertThat(pool.core.ledger().lease(key(100, 1))).isPresent();
    assertThat(pool.all(Preempt.class)).isEmpty();
  }

  @Test
  void aTenantThatRunsNothingDisplacesOneThatRunsMoreThanItsShare() {
    busy(
        3,
        100,
        new Ask(1).tenant("greedy", 1),
        new Ask(2).tenant("greedy", 1),
        new Ask(3).tenant("greedy", 1));
    pool.enqueue(new Ask(4).tenant("modest", 1));
    assertThat(preempted()).hasSize(1);
    assertThat(pool.core.ledger().lease(key(4, 1))).isPresent();
    // One of three for one that has another would only turn the tables.
    pool.progress(worker, 4, 1, 10, 0);
    pool.enqueue(new Ask(5).tenant("modest", 1));
    pool.after(1_000);
    assertThat(preempted()).hasSize(1);
  }

  @Test
  void aTenantNeverDisplacesItself() {
    busy(2, 100, new Ask(1), new Ask(2));
    pool.enqueue(new Ask(3));
    pool.after(1_000);
    assertThat(preempted()).isEmpty();
  }

  @Test
  void theLeastUrgentThenTheMostOverServedThenTheLargestThenTheLeastGeneratedGivesWay() {
    busy(
        6,
        1_000,
        new Ask(1).tenant("program", 1).of(WorkloadClass.STANDARD).tokens(900, 100),
        batch(2, "few"),
        batch(3, "many").tokens(100, 500),
        batch(4, "many").tokens(100, 500),
        batch(5, "many"),
        new Ask(6).tenant("chat", 1));
    pool.progress(worker, 3, 1, 100, 9);
    pool.progress(worker, 4, 1, 100, 3);
    for (int id = 10; id < 15; id++) {
      pool.enqueue(new Ask(id).tenant("chat", 1));
    }
    assertThat(preempted()).containsExactly(4, 3, 2, 5, 1);
  }

  @Test
  void asManyGiveWayAsAreNeededForTheMemoryAndNoMore() {
    busy(
        8,
        40,
        batch(1, "night").tokens(30, 10),
        batch(2, "night").tokens(160, 10),
        batch(3, "night").tokens(160, 10));
    pool.enqueue(new Ask(4).tenant("chat", 1).tokens(400, 80));
    assertThat(preempted()).containsExactlyInAnyOrder(2, 3);
    assertThat(pool.core.ledger().kvBlocksTaken("w1")).isEqualTo(33);
  }

  @Test
  void noRequestIsPreemptedMoreOftenThanTheBound() {
    busy(1, 100, batch(1, "night"));
    int chats = 0;
    for (int round = 0; round < 10; round++) {
      int id = 10 + round;
      pool.enqueue(new Ask(id).tenant("chat", 1));
      if (pool.core.ledger().lease(key(id, 1)).isEmpty()) {
        break;
      }
      chats++;
      pool.progress(worker, id, 1, 100, 1);
      pool.nowMs += 100;
      pool.ended(worker, id, 1, 100, 1);
      pool.nowMs += 100;
    }
    assertThat(chats).isEqualTo(PreemptionRules.DEFAULT.timesMax());
    assertThat(pool.core.ledger().lease(key(1, 1)).orElseThrow().suspended()).isFalse();
  }

  @Test
  void aRequestThatHasJustStartedIsLeftAloneForAWhile() {
    busy(1, 100, batch(1, "night"));
    pool.nowMs -= 90;
    pool.enqueue(new Ask(2).tenant("chat", 1));
    assertThat(preempted()).isEmpty();
    pool.after(PreemptionRules.DEFAULT.ranMsMin());
    assertThat(preempted()).containsExactly(1);
  }

  @Test
  void whatItsWorkerHasNotAcceptedYetCannotBePreempted() {
    worker = pool.attach("w1", 1, 100);
    pool.enqueue(batch(1, "night"));
    pool.nowMs += 100;
    pool.enqueue(new Ask(2).tenant("chat", 1));
    assertThat(preempted()).isEmpty();
  }

  @Test
  void aSlotThatIsSoonFreeIsWaitedFor() {
    worker = pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(1));
    pool.nowMs += 5;
    pool.ended(worker, 1, 1, 100, 1);
    pool.enqueue(batch(2, "night"));
    pool.progress(worker, 2, 1, 10, 0);
    pool.nowMs += 100;
    pool.enqueue(new Ask(3).tenant("chat", 1));
    assertThat(preempted()).isEmpty();
  }

  @Test
  void whatAPreemptedRequestWasNotServedIsReturnedAndInTheEndItPaidWhatItGot() {
    busy(1, 100, batch(1, "night"));
    pool.enqueue(new Ask(2).tenant("chat", 1));
    var queue = pool.core.queues().of(WorkloadClass.BATCH);
    assertThat(queue.virtualTime("night").orElseThrow()).isEqualTo(10);
    pool.ended(worker, 2, 1, 100, 5);
    pool.ended(worker, 1, 1, 100, 20);
    assertThat(queue.virtualTime("night").orElseThrow()).isEqualTo(140);
  }

  @Test
  void aPreemptedRequestThatIsCancelledIsForgotten() {
    busy(1, 100, batch(1, "night"));
    pool.enqueue(new Ask(2).tenant("chat", 1));
    pool.ended(worker, 1, 1, 100, 0);
    pool.ended(worker, 2, 1, 100, 5);
    assertThat(pool.all(Resume.class)).isEmpty();
    assertThat(pool.core.stats().preempted()).isZero();
    assertThat(pool.core.ledger().leases()).isEmpty();
  }

  @Test
  void aPreemptedRequestIsLostWithItsWorkerAndBilledWhatItsClientGot() {
    busy(1, 100, batch(1, "night"));
    pool.progress(worker, 1, 1, 100, 7);
    pool.enqueue(new Ask(2).tenant("chat", 1));
    pool.lose(worker);
    pool.enqueue(batch(1, "night").attempt(2, 6));
    assertThat(pool.only(PoolEffect.AttemptLost.class).outputTokens()).isEqualTo(6);
    assertThat(pool.core.queues().size()).isEqualTo(1);
  }

  @Test
  void aNewSchedulerKnowsWhatIsPreemptedAndHowOften() {
    WorkerDescriptor w =
        pool.attach(
            "w1",
            1,
            100,
            new PoolEvent.Running(
                batch(1, "night").request(), new Served(100, 0, 7, 0, 0), 5, true, 2),
            new PoolEvent.Running(
                new Ask(2).tenant("chat", 1).request(), Served.NOTHING, 5, false, 0));
    assertThat(pool.core.stats().preempted()).isEqualTo(1);
    assertThat(pool.core.ledger().slotsTaken("w1")).isEqualTo(1);
    pool.ended(w, 2, 1, 100, 5);
    assertThat(pool.only(Resume.class).key()).isEqualTo(key(1, 1));
    pool.nowMs += 1_000;
    pool.enqueue(new Ask(3).tenant("chat", 1));
    pool.after(1_000);
    assertThat(preempted()).as("twice is enough").isEmpty();
  }

  @Test
  void withoutPreemptionEverybodyWaits() {
    Pool patient = new Pool(PoolSettings.DEFAULT.withPreemption(PreemptionRules.NEVER));
    WorkerDescriptor w = patient.attach("w1", 1, 100);
    patient.enqueue(batch(1, "night"));
    patient.progress(w, 1, 1, 10, 0);
    patient.nowMs += 1_000;
    patient.enqueue(new Ask(2).tenant("chat", 1));
    patient.after(1_000);
    assertThat(patient.all(Preempt.class)).isEmpty();
  }
}
