package dev.cofferdam.scheduler.shard;

import static dev.cofferdam.scheduler.shard.Pool.key;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.scheduler.admission.QueueBounds;
import dev.cofferdam.scheduler.ledger.Served;
import dev.cofferdam.scheduler.ledger.WorkerDescriptor;
import dev.cofferdam.scheduler.shard.Pool.Ask;
import dev.cofferdam.scheduler.shard.PoolEffect.AttemptLost;
import dev.cofferdam.scheduler.shard.PoolEffect.Refused;
import dev.cofferdam.scheduler.shard.PoolEffect.Revoke;
import dev.cofferdam.scheduler.shard.PoolEffect.SessionClosed;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Workers and schedulers that are lost and come back, and who bills what was served. */
class WorkerLossTest {
  private final Pool pool = new Pool();

  @Test
  void aLostAttemptIsBilledWhatTheClientGotWhenTheNextOneComes() {
    WorkerDescriptor w = pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(1));
    pool.progress(w, 1, 1, 100, 7);
    pool.lose(w);
    pool.enqueue(new Ask(1).attempt(2, 5));
    AttemptLost usage = pool.only(AttemptLost.class);
    assertThat(usage.promptTokens()).isEqualTo(100);
    assertThat(usage.outputTokens()).isEqualTo(5);
    assertThat(usage.workerId()).isEqualTo("w1");
    pool.after(20_000);
    assertThat(pool.all(AttemptLost.class)).hasSize(1);
  }

  @Test
  void overSeveralLostAttemptsTheBilledTokensAddUp() {
    WorkerDescriptor w1 = pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(1).on("w1", "w2"));
    pool.progress(w1, 1, 1, 100, 7);
    pool.attach("w2", 1, 100);
    pool.lose(w1);
    pool.enqueue(new Ask(1).attempt(2, 8).on("w2"));
    WorkerDescriptor w2 = pool.core.ledger().worker("w2").orElseThrow();
    pool.progress(w2, 1, 2, 108, 20);
    pool.lose(w2);
    pool.enqueue(new Ask(1).attempt(3, 30).on("w3"));
    List<AttemptLost> usage = pool.all(AttemptLost.class);
    assertThat(usage.stream().mapToLong(AttemptLost::outputTokens).sum()).isEqualTo(30);
    assertThat(usage.stream().mapToLong(AttemptLost::promptTokens).sum()).isEqualTo(100);
  }

  @Test
  void aLostAttemptWithoutANextOneIsBilledItsLastProgressAfterTheWindow() {
    WorkerDescriptor w = pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(1));
    pool.progress(w, 1, 1, 100, 7);
    pool.lose(w);
    pool.after(9_999);
    assertThat(pool.all(AttemptLost.class)).isEmpty();
    pool.after(1);
    assertThat(pool.only(AttemptLost.class).outputTokens()).isEqualTo(7);
  }

  @Test
  void anAttemptThatWasNeverSeenOnItsWorkerIsBilledNothing() {
    WorkerDescriptor w = pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(1));
    pool.lose(w);
    pool.after(10_000);
    AttemptLost usage = pool.only(AttemptLost.class);
    assertThat(usage.promptTokens() + usage.outputTokens()).isZero();
  }

  @Test
  void theNextAttemptMayComeBeforeTheLossIsSeen() {
    WorkerDescriptor w = pool.attach("w1", 2, 100);
    pool.enqueue(new Ask(1));
    pool.progress(w, 1, 1, 100, 3);
    pool.enqueue(new Ask(1).attempt(2, 4).on("w2"));
    assertThat(pool.only(Revoke.class).key()).isEqualTo(key(1, 1));
    assertThat(pool.all(AttemptLost.class)).isEmpty();
    pool.lose(w);
    assertThat(pool.only(AttemptLost.class).outputTokens()).isEqualTo(4);
  }

  @Test
  void anAttemptThatItsWorkerEndsAfterTheNextOneCameIsTheWorkersToBill() {
    WorkerDescriptor w = pool.attach("w1", 2, 100);
    pool.enqueue(new Ask(1));
    pool.progress(w, 1, 1, 100, 3);
    pool.enqueue(new Ask(1).attempt(2, 4).on("w2"));
    pool.ended(w, 1, 1, 100, 4);
    pool.lose(w);
    pool.after(20_000);
    assertThat(pool.all(AttemptLost.class)).isEmpty();
  }

  @Test
  void aWorkerThatReconnectsWithTheAttemptRunningHasLostNothing() {
    WorkerDescriptor w = pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(1));
    pool.progress(w, 1, 1, 100, 3);
    pool.lose(w);
    WorkerDescriptor again = pool.describe("w1", 1, 1, 100);
    pool.step(
        new PoolEvent.WorkerAttached(
            again,
            List.of(new PoolEvent.Running(new Ask(1).request(), new Served(100, 0, 9, 0, 0), 0))));
    pool.after(20_000);
    assertThat(pool.all(AttemptLost.class)).isEmpty();
    assertThat(pool.core.ledger().running()).isEqualTo(1);
  }

  @Test
  void aWorkerThatReconnectsWithoutTheAttemptHasBilledItItself() {
    WorkerDescriptor w = pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(1));
    pool.progress(w, 1, 1, 100, 3);
    pool.lose(w);
    pool.step(new PoolEvent.WorkerAttached(pool.describe("w1", 1, 1, 100), List.of()));
    pool.after(20_000);
    assertThat(pool.all(AttemptLost.class)).isEmpty();
  }

  @Test
  void aRestartedWorkerHasLostWhatItRan() {
    WorkerDescriptor w = pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(1));
    pool.progress(w, 1, 1, 100, 3);
    pool.step(new PoolEvent.WorkerAttached(pool.describe("w1", 2, 1, 100), List.of()));
    assertThat(pool.only(SessionClosed.class).session()).isEqualTo(w.session());
    pool.after(10_000);
    assertThat(pool.only(AttemptLost.class).outputTokens()).isEqualTo(3);
  }

  @Test
  void anOlderIncarnationDoesNotTakeTheSessionOver() {
    WorkerDescriptor old = pool.describe("w1", 1, 4, 100);
    WorkerDescriptor current = pool.describe("w1", 2, 4, 100);
    pool.step(new PoolEvent.WorkerAttached(current, List.of()));
    pool.step(new PoolEvent.WorkerAttached(old, List.of()));
    assertThat(pool.only(SessionClosed.class).session()).isEqualTo(old.session());
    assertThat(pool.core.ledger().worker("w1")).contains(current);
  }

  @Test
  void reportsOfAFormerSessionAreIgnored() {
    WorkerDescriptor w = pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(1));
    WorkerDescriptor again = pool.attach("w1", 1, 100);
    pool.enqueue(new Ask(2));
    pool.ended(w, 2, 1, 100, 1);
    assertThat(pool.core.ledger().lease(key(2, 1))).isPresent();
    pool.ended(again, 2, 1, 100, 1);
    assertThat(pool.core.ledger().lease(key(2, 1))).isEmpty();
  }

  @Test
  void aNewSchedulerTakesOverWhatRuns() {
    PoolEvent.Running running =
        new PoolEvent.Running(new Ask(1).request(), new Served(100, 0, 9, 0, 0), 0);
    WorkerDescriptor w = pool.attach("w1", 1, 100, running);
    long waiting = pool.enqueue(new Ask(2));
    assertThat(pool.granted()).isEmpty();
    pool.ended(w, 1, 1, 100, 20);
    assertThat(pool.granted()).containsExactly(waiting);
  }

  @Test
  void whatIsTakenOverBeyondTheCapacityBlocksGrantsUntilItEnds() {
    WorkerDescriptor w =
        pool.attach(
            "w1",
            1,
            100,
            new PoolEvent.Running(new Ask(1).request(), Served.NOTHING, 0),
            new PoolEvent.Running(new Ask(2).request(), Served.NOTHING, 0));
    pool.enqueue(new Ask(3));
    pool.ended(w, 1, 1, 0, 0);
    assertThat(pool.granted()).isEmpty();
    pool.ended(w, 2, 1, 0, 0);
    assertThat(pool.granted()).hasSize(1);
  }

  @Test
  void aRequestThatLostItsWorkerGoesBeforeItsTenantsOthersHoweverManyWait() {
    Pool small = new Pool(PoolSettings.DEFAULT.withBounds(new QueueBounds(2, 2, 60_000, 5_000)));
    WorkerDescriptor w1 = small.attach("w1", 1, 100);
    small.enqueue(new Ask(1));
    small.enqueue(new Ask(2));
    small.enqueue(new Ask(3));
    small.lose(w1);
    long again = small.enqueue(new Ask(1).attempt(2, 10));
    assertThat(small.all(Refused.class)).isEmpty();
    small.attach("w2", 1, 100);
    assertThat(small.granted()).last().isEqualTo(again);
  }
}
