package dev.cofferdam.metering.invoice;

/** The form in which invoices are stored. */
public interface Documents {
  /** The document of an invoice; the same bytes for the same invoice. */
  byte[] write(Invoice invoice);

  /** The invoice of a document. */
  Invoice read(byte[] document);
}
