package dev.cofferdam.metering.invoice;

import dev.cofferdam.mesh.store.View;
import dev.cofferdam.vocabulary.TenantId;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;

/**
 * Invoices that were issued. They are never changed, and numbered without gaps. All methods throw
 * {@link dev.cofferdam.mesh.store.StoreUnavailableException} where the store is away.
 */
public interface Invoices {
  /**
   * An issued invoice.
   *
   * @param invoice what it says
   * @param document its JSON document
   * @param sha256 digest of that, hexadecimal
   */
  record Stored(Invoice invoice, byte[] document, String sha256) {}

  /**
   * Issues an invoice under the next number, unless the tenant has had another since.
   *
   * @param latestSeen number of the tenant's latest invoice that the new one knows of; 0: none
   * @param make the invoice with a number
   * @return empty where there is a later one
   */
  Optional<Stored> append(TenantId tenant, long latestSeen, LongFunction<Invoice> make);

  /** A tenant's invoices in the order of their numbers. */
  List<Invoice> of(TenantId tenant);

  /** Invoices of a view in the order of their numbers, from the one after a number on. */
  List<Stored> list(View view, long after, int most);

  /** An invoice, where the view has it. */
  Optional<Stored> find(View view, long number);

  /** Whether an invoice is there that the view does not have; to be recorded, and told nobody. */
  default boolean isAnothers(View view, long number) {
    return view instanceof View.Of
        && find(view, number).isEmpty()
        && find(new View.Everybody(), number).isPresent();
  }
}
