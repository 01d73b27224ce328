package dev.cofferdam.gateway.batch;

import dev.cofferdam.vocabulary.TenantId;
import java.util.OptionalLong;

/**
 * A batch job.
 *
 * @param tenant whose
 * @param id its name
 * @param endpoint what each line is sent to
 * @param inputFile the file of lines
 * @param outputFile the file of answers; to be seen once the job has ended, where there are any
 * @param errorFile the file of lines without an answer; likewise
 * @param status where it is
 * @param counts of its lines
 * @param createdMs milliseconds since the epoch, as all times
 * @param expiresMs when it ends whatever is left
 * @param cancellingMs when its tenant ended it
 * @param endedMs when it had ended
 * @param metadata the tenant's own notes, as JSON; content
 * @param submitter who asked for it
 */
public record Batch(
    TenantId tenant,
    String id,
    String endpoint,
    String inputFile,
    String outputFile,
    String errorFile,
    BatchStatus status,
    Counts counts,
    long createdMs,
    long expiresMs,
    OptionalLong cancellingMs,
    OptionalLong endedMs,
    String metadata,
    Submitter submitter) {

  /** Lines in all, with an answer, and without one. */
  public record Counts(int total, int completed, int failed) {
    /** Lines that were not run yet. */
    public int left() {
      return total - completed - failed;
    }
  }

  /**
   * Who asked for a job, for the audit log.
   *
   * @param actor as in an identity
   * @param sourceIp address of the peer
   * @param keyId the API key's public part, empty where none was used; the job ends with the key
   */
  public record Submitter(String actor, String sourceIp, String keyId) {}
}
