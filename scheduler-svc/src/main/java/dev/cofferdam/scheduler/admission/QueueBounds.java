package dev.cofferdam.scheduler.admission;

/**
 * Bounds of a pool's queues.
 *
 * @param poolMax requests that wait in the pool
 * @param tenantMax requests of one tenant that wait in the pool
 * @param ageMaxMs how long a request waits
 * @param workerWaitMsMax how long a request waits while no worker that may serve it is attached
 */
public record QueueBounds(int poolMax, int tenantMax, long ageMaxMs, long workerWaitMsMax) {
  /** 2000 requests, 256 of one tenant, 60 s, 5 s without a worker. */
  public static final QueueBounds DEFAULT = new QueueBounds(2_000, 256, 60_000, 5_000);

  /**
   * @throws IllegalArgumentException where a bound is not positive
   */
  public QueueBounds {
    if (poolMax <= 0 || tenantMax <= 0 || ageMaxMs <= 0 || workerWaitMsMax <= 0) {
      throw new IllegalArgumentException("queue bounds must be above 0");
    }
  }
}
