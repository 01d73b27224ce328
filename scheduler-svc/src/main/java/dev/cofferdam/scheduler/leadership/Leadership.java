package dev.cofferdam.scheduler.leadership;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Which pools this scheduler leads, as its claims were answered. A pool is claimed from the first
 * time that somebody names it, again and again: to hold it, or to have it when its holder is gone.
 * While claims fail a leader goes on: no other can have become one, or if one has, the workers have
 * a session with one of the two alone. Where the leases can tell that another may lead soon, they
 * answer so ({@link PoolLeases.Claim.Lapsed}), and it stops.
 *
 * <p>Thread-safe.
 */
public final class Leadership {
  private static final long UNKNOWN = 0;

  private final int poolsMax;
  private final Map<String, Long> terms = new HashMap<>();

  /**
   * @param poolsMax bound of the pools that are claimed
   */
  public Leadership(int poolsMax) {
    this.poolsMax = poolsMax;
  }

  /** What an answer changes. */
  public enum Change {
    NONE,
    /** The pool is led from now on. */
    GAINED,
    /** The pool is another's from now on, or led in another term. */
    LOST
  }

  /**
   * A pool is named.
   *
   * @return whether it is named for the first time, and to be claimed at once
   * @throws IllegalArgumentException beyond the bound
   */
  public synchronized boolean named(String pool) {
    if (terms.containsKey(pool)) {
      return false;
    }
    if (terms.size() >= poolsMax) {
      throw new IllegalArgumentException("pool: more than " + poolsMax + " pools");
    }
    terms.put(pool, UNKNOWN);
    return true;
  }

  /** Pools to be claimed. */
  public synchronized List<String> pools() {
    return List.copyOf(terms.keySet());
  }

  /** A claim was answered. */
  public synchronized Change answered(String pool, PoolLeases.Claim claim) {
    long before = terms.getOrDefault(pool, UNKNOWN);
    long now = claim instanceof PoolLeases.Claim.Held held ? held.term() : UNKNOWN;
    if (before == now) {
      return Change.NONE;
    }
    // A term that is another than before: the lease had run out, and may have been another's.
    boolean gained = before == UNKNOWN;
    terms.put(pool, gained ? now : UNKNOWN);
    return gained ? Change.GAINED : Change.LOST;
  }

  /** The term in which a pool is led; empty where it is not. */
  public synchronized OptionalLong term(String pool) {
    long term = terms.getOrDefault(pool, UNKNOWN);
    return term == UNKNOWN ? OptionalLong.empty() : OptionalLong.of(term);
  }
}
