package dev.cofferdam.gateway.batch;

import dev.cofferdam.vocabulary.TenantId;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * Keeps files and jobs, sealed. Each call is one transaction, and blocks. Whatever it holds of one
 * tenant is not there for another.
 *
 * <p>All of them throw RefusedException DEPENDENCY_UNAVAILABLE where the store is away.
 */
public interface BatchStore {
  /** Parts that are read in one transaction. */
  int PARTS_AT_ONCE = 32;

  /** Files and unfinished jobs that a tenant has. */
  record Usage(long files, long bytes, long unfinished) {}

  /** A job or a file whose time has come: a job to be run, a file to be deleted. */
  record Due(TenantId tenant, String id) {}

  /** A file's part, in the order of numbers. */
  record Part(int number, String text) {}

  /** What a tenant has. */
  Usage usage(TenantId tenant);

  /** Keeps a file that a tenant brought. */
  void put(TenantId tenant, StoredFile file, List<String> parts);

  /** A file that may be seen. */
  Optional<StoredFile> file(TenantId tenant, String id);

  /** Files that may be seen, the newest first. */
  List<StoredFile> files(TenantId tenant, int limit);

  /** Deletes a file; false where there is none, or an unfinished job reads it. */
  boolean delete(TenantId tenant, String id);

  /** Parts of a file behind the {@code after}-th. */
  List<Part> parts(TenantId tenant, String file, int after, int limit);

  /** The lines of a file, without those that are blank. */
  default List<String> lines(TenantId tenant, String file) {
    StringBuilder text = new StringBuilder();
    int after = -1;
    List<Part> parts;
    do {
      parts = parts(tenant, file, after, PARTS_AT_ONCE);
      for (Part part : parts) {
        text.append(part.text());
        after = part.number();
      }
    } while (parts.size() == PARTS_AT_ONCE);
    return text.toString().lines().filter(line -> !line.isBlank()).toList();
  }

  /** Keeps a new job. */
  void create(Batch batch);

  /** A job. */
  Optional<Batch> batch(TenantId tenant, String id);

  /**
   * Jobs, the newest first.
   *
   * @param after only those that are older than this one; empty: all
   */
  List<Batch> batches(TenantId tenant, String after, int limit);

  /** Ends a job at its tenant's wish; the job as it is then, empty where there is none. */
  Optional<Batch> cancel(TenantId tenant, String id, long nowMs);

  /** What is due, the longest waiting first; says no more than whose and what. */
  List<Due> due(int limit);

  /**
   * Takes a job for a while. Of a tenant one job is taken at a time.
   *
   * @param owner who takes it
   * @return the job; empty where another has it, or another job of the tenant's
   */
  Optional<Batch> take(Due due, String owner, long leaseMs);

  /** Keeps a job that was taken; the job as it is now, empty where it is another's. */
  Optional<Batch> keep(Batch batch, String owner, long leaseMs);

  /**
   * Gives a job back that was taken.
   *
   * @param afterMs milliseconds after which it is due, if it is not cancelled before
   */
  void giveBack(Batch batch, String owner, long afterMs);

  /** Removes all files and jobs of a tenant; a job under way finds itself another's. */
  void erase(TenantId tenant);

  /** Lines that were written. */
  BitSet written(Batch batch);

  /**
   * Writes what became of a line, once.
   *
   * @return false where the job is another's now: nothing was written
   */
  boolean write(Batch batch, String owner, int line, boolean answered, String text);

  /**
   * Ends a job.
   *
   * @return false where the job is another's now, or cannot go there
   */
  boolean end(Batch batch, String owner, BatchStatus status, long nowMs);
}
