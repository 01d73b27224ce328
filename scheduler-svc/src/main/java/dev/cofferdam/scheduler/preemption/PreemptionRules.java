package dev.cofferdam.scheduler.preemption;

/**
 * When a running request gives way. Together with the rule of shares ({@link Victims}) these keep
 * requests from pushing each other out in turn.
 *
 * @param timesMax how often one request is preempted; 0 turns preemption off
 * @param ranMsMin how long a request runs, from its start or its last pause on, before it may be
 *     preempted
 * @param waitMsMin expected wait for the next free slot above which preemption is worth it
 * @param victimsMax requests that give way to one
 * @param searchMsMin time between two searches that may look at every running request
 */
public record PreemptionRules(
    int timesMax, long ranMsMin, long waitMsMin, int victimsMax, long searchMsMin) {
  /** Twice, after 50 ms, where a slot is expected in more than 10 ms; 8 at most for one. */
  public static final PreemptionRules DEFAULT = new PreemptionRules(2, 50, 10, 8, 10);

  /** No preemption. */
  public static final PreemptionRules NEVER = new PreemptionRules(0, 0, 0, 0, 1);

  /**
   * @throws IllegalArgumentException where a bound is negative
   */
  public PreemptionRules {
    if (timesMax < 0 || ranMsMin < 0 || waitMsMin < 0 || victimsMax < 0 || searchMsMin < 0) {
      throw new IllegalArgumentException("preemption: a bound is below 0");
    }
  }
}
