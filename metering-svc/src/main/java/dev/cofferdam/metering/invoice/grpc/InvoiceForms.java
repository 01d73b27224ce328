package dev.cofferdam.metering.invoice.grpc;

import static dev.cofferdam.metering.api.grpc.CallerViews.invalid;

import dev.cofferdam.metering.invoice.Invoice;
import dev.cofferdam.metering.invoice.Invoices.Stored;
import dev.cofferdam.proto.metering.v1.DocumentFormat;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;

/**
 * The forms of a stored invoice: its document as it is, and what is made of it, each time the same.
 *
 * @param csv an invoice as rows
 * @param pdf an invoice as pages, with the digest of its document
 */
public record InvoiceForms(Function<Invoice, String> csv, Function<Stored, byte[]> pdf) {
  /** A document with its media type. */
  record Form(byte[] document, String contentType) {}

  Form of(DocumentFormat format, Stored stored) {
    return switch (format) {
      case DOCUMENT_FORMAT_UNSPECIFIED, DOCUMENT_FORMAT_JSON ->
          new Form(stored.document(), "application/json");
      case DOCUMENT_FORMAT_CSV ->
          new Form(
              csv.apply(stored.invoice()).getBytes(StandardCharsets.UTF_8),
              "text/csv; charset=utf-8");
      case DOCUMENT_FORMAT_PDF -> new Form(pdf.apply(stored), "application/pdf");
      case UNRECOGNIZED -> throw invalid("format", "expected json, csv or pdf");
    };
  }
}
