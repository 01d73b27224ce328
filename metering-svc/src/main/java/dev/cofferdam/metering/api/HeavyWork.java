package dev.cofferdam.metering.api;

import dev.cofferdam.mesh.store.StoreUnavailableException;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/**
 * Queries that may read many events. Few of them run at once; others are refused, so that whoever
 * asks often takes neither the database nor its connections from those who record.
 */
public final class HeavyWork {
  private final Semaphore free;

  /**
   * @param atOnce how many may run at once
   */
  public HeavyWork(int atOnce) {
    this.free = new Semaphore(atOnce);
  }

  /**
   * Runs a query.
   *
   * @throws RefusedException where enough of them run, or the store is away
   */
  public <T> T run(Supplier<T> query) {
    if (!free.tryAcquire()) {
      throw Refusal.of(ErrorCode.QUEUE_FULL, "others are being answered; ask again").asException();
    }
    try {
      return query.get();
    } catch (StoreUnavailableException e) {
      throw Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "the ledger is not available")
          .asException();
    } finally {
      free.release();
    }
  }
}
