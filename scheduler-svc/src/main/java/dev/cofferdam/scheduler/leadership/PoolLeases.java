package dev.cofferdam.scheduler.leadership;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Leases of pools: at any time at most one scheduler holds that of a pool. */
public interface PoolLeases {
  /** What a claim comes to. */
  sealed interface Claim {
    /**
     * The lease is held from now on, or still.
     *
     * @param term rises with each holder of the pool's lease
     */
    record Held(long term) implements Claim {}

    /** Another scheduler holds it, or the next one is not yet to be chosen. */
    record Taken() implements Claim {}

    /**
     * It was held and could not be held for longer in time. Another may hold it soon: who is told
     * so leads the pool no more.
     */
    record Lapsed() implements Claim {}
  }

  /**
   * Takes a lease, or holds one for longer. It ends by itself some time after the last claim.
   *
   * @return fails where nobody can be asked, which changes nothing of who leads
   */
  CompletionStage<Claim> claim(String pool);

  /** Gives a lease back that is held; what fails ends by itself. */
  void release(String pool);

  /** A scheduler that is alone holds every lease, in one term. */
  static PoolLeases alone(long term) {
    return new PoolLeases() {
      @Override
      public CompletionStage<Claim> claim(String pool) {
        return CompletableFuture.completedFuture(new Claim.Held(term));
      }

      @Override
      public void release(String pool) {}
    };
  }
}
