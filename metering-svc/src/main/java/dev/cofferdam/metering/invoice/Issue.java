package dev.cofferdam.metering.invoice;

/** What became of an invoice that was asked for. */
public sealed interface Issue {
  /** It is issued. */
  record Issued(Invoices.Stored stored) implements Issue {}

  /** It is made, but not kept. */
  record Drafted(Invoice invoice) implements Issue {}

  /** The tenant has no rate card. */
  record Unpriced() implements Issue {}

  /** Its period is not over. */
  record NotOver() implements Issue {}

  /**
   * A day of it is on an earlier invoice.
   *
   * @param number that invoice
   */
  record Overlapping(long number) implements Issue {}

  /** Others issue invoices of the tenant at the same time. */
  record Contended() implements Issue {}
}
