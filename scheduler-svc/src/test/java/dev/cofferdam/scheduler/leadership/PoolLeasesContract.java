package dev.cofferdam.scheduler.leadership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.scheduler.leadership.PoolLeases.Claim;
import org.junit.jupiter.api.Test;

/** What goes for leases wherever they are kept, with two schedulers. Nobody holds any at first. */
public abstract class PoolLeasesContract {
  /** A pool that tests use. */
  protected static final String POOL = "shared";

  /** One scheduler's leases. */
  protected abstract PoolLeases one();

  /** Another scheduler's, of the same pools. */
  protected abstract PoolLeases other();

  /** Time goes by in which no holder gives a sign of its life, until its lease is over. */
  protected abstract void expire();

  /** Nobody can be asked any more. */
  protected abstract void cutOff();

  /** A claim, and its answer. */
  protected Claim claim(PoolLeases leases) {
    return leases.claim(POOL).toCompletableFuture().join();
  }

  /** Gives the pool's lease back; returns when that is done. */
  protected void release(PoolLeases leases) {
    leases.release(POOL);
  }

  @Test
  void aLeaseHasOneHolderAndOneTermWhileItLasts() {
    Claim first = claim(one());
    assertThat(first).isInstanceOf(Claim.Held.class);
    assertThat(claim(other())).isEqualTo(new Claim.Taken());
    assertThat(claim(one())).isEqualTo(first);
  }

  @Test
  void theNextHolderHasALargerTerm() {
    long before = ((Claim.Held) claim(one())).term();
    expire();
    long after = ((Claim.Held) claim(other())).term();
    assertThat(after).isGreaterThan(before);
    assertThat(claim(one())).isEqualTo(new Claim.Taken());
    expire();
    assertThat(((Claim.Held) claim(one())).term()).isGreaterThan(after);
  }

  @Test
  void aLeaseThatIsGivenBackIsTheNextOnesAtOnceAndNobodyGivesBackAnothers() {
    claim(one());
    release(other());
    assertThat(claim(other())).isEqualTo(new Claim.Taken());
    release(one());
    assertThat(claim(other())).isInstanceOf(Claim.Held.class);
    assertThat(claim(one())).isEqualTo(new Claim.Taken());
  }

  @Test
  void whereNobodyCanBeAskedAClaimFails() {
    cutOff();
    assertThatThrownBy(() -> claim(one())).hasCauseInstanceOf(Exception.class);
  }
}
