package dev.cofferdam.metering.invoice;

import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.pricing.Use;
import dev.cofferdam.vocabulary.TenantId;
import java.util.List;
import java.util.function.Predicate;

/** The use that is billed, as the ledger has it. */
public interface BilledUse {
  /**
   * Everything that is recorded until now, and nothing of what will be. Holds up who records for a
   * moment: for what is kept, not for what is only looked at.
   *
   * @throws dev.cofferdam.mesh.store.StoreUnavailableException where the store is away
   */
  Cut cut();

  /**
   * Reads a tenant's use of some days, in the order of time and then of arrival; the same order
   * each time.
   *
   * @param after only what was recorded later than this
   * @param upTo only what was recorded until this
   * @param sink takes each use; false: it wants no more
   * @throws dev.cofferdam.mesh.store.StoreUnavailableException where the store is away
   */
  void read(TenantId tenant, Days days, Cut after, Cut upTo, Predicate<Recorded> sink);

  /**
   * Reads the same as sums of hours, by model, adapter and class: far less where there is much.
   *
   * @throws dev.cofferdam.mesh.store.StoreUnavailableException where the store is away
   */
  void readHours(TenantId tenant, Days days, Cut after, Cut upTo, Predicate<Recorded> sink);

  /**
   * Tenants of a view that have any use in some days, in alphabetical order.
   *
   * @throws dev.cofferdam.mesh.store.StoreUnavailableException where the store is away
   */
  List<TenantId> tenants(View view, Days days);

  /**
   * How far the record goes.
   *
   * @param ledgerRow last row of the usage events
   * @param keptRow last row of what is kept
   */
  record Cut(long ledgerRow, long keptRow) {
    /** Before anything was recorded. */
    public static final Cut NOTHING = new Cut(0, 0);

    /** Whatever there is when it is read. */
    public static final Cut EVERYTHING = new Cut(Long.MAX_VALUE, Long.MAX_VALUE);
  }

  /**
   * A use with its id.
   *
   * @param id the usage event's, or that of an hour in which something was kept
   * @param use the use
   */
  record Recorded(String id, Use use) {}
}
