package dev.cofferdam.gateway.batch;

import java.time.Duration;

/**
 * Bounds of batch jobs.
 *
 * @param fileBytesMax bytes of a file
 * @param linesMax lines of a job
 * @param filesMax files of a tenant
 * @param bytesMax bytes of all files of a tenant
 * @param unfinishedMax jobs of a tenant that have not ended
 * @param linesAtOnce lines of a tenant that run at once
 * @param batchesAtOnce jobs that a gateway runs at once
 * @param window how long a job may take
 * @param retention how long files are kept
 * @param poll between two looks for jobs
 * @param lease how long a job is a gateway's that says nothing
 */
public record BatchSettings(
    int fileBytesMax,
    int linesMax,
    int filesMax,
    long bytesMax,
    int unfinishedMax,
    int linesAtOnce,
    int batchesAtOnce,
    Duration window,
    Duration retention,
    Duration poll,
    Duration lease) {
  /** What a gateway has that says nothing else. */
  public static final BatchSettings DEFAULTS =
      new BatchSettings(
          16 << 20,
          10_000,
          500,
          512L << 20,
          32,
          4,
          8,
          Duration.ofHours(24),
          Duration.ofDays(30),
          Duration.ofSeconds(1),
          Duration.ofSeconds(15));
}
