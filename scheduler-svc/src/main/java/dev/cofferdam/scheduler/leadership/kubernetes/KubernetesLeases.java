package dev.cofferdam.scheduler.leadership.kubernetes;

import dev.cofferdam.scheduler.leadership.PoolLeases;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Leases as objects of Kubernetes, held and taken over as client-go's leader election does: each
 * write names the version that it was made from, so that of two only one is taken; a holder is
 * judged by the time on the observer's own clock since it last saw the object change, and never by
 * the time that the holder wrote. One difference: who makes an object leads by it only when it has
 * held it for a life, as one may have been deleted under a holder that does not know yet.
 *
 * <p>Who cannot renew a lease for two thirds of its life holds it no more ({@link Claim.Lapsed}),
 * which is before anybody else may take it. Clocks may go wrong by a third of their rate.
 *
 * <p>The server is not asked with each claim: a holder renews after a quarter of the life, and who
 * waits looks after an eighth.
 */
public final class KubernetesLeases implements PoolLeases {
  private final LeaseApi api;
  private final String prefix;
  private final Candidate.Rules rules;
  private final Map<String, Candidate> candidates = new ConcurrentHashMap<>();

  /**
   * @param api is the caller's to close
   * @param prefix of the objects' names, see {@link LeaseName}
   * @param holder this process, unlike any other and any former one
   * @param lifeMs how long a lease lasts without a sign of its holder's life, in whole seconds
   * @param clock milliseconds that rise evenly, from any beginning
   * @param wall what stands in the objects for people to read
   */
  public KubernetesLeases(
      LeaseApi api,
      String prefix,
      String holder,
      long lifeMs,
      LongSupplier clock,
      InstantSource wall) {
    this.api = api;
    this.prefix = prefix;
    this.rules = new Candidate.Rules(holder, lifeMs, clock, wall);
  }

  /** How long a call may take at most for leases of a life; see {@link LeaseApi.Server}. */
  public static long timeoutMs(long lifeMs) {
    return lifeMs / 5;
  }

  @Override
  public CompletionStage<Claim> claim(String pool) {
    return candidates
        .computeIfAbsent(pool, name -> new Candidate(api, LeaseName.of(prefix, name), rules))
        .claim();
  }

  @Override
  public void release(String pool) {
    Candidate candidate = candidates.get(pool);
    if (candidate != null) {
      candidate.release();
    }
  }
}
