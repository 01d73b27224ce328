package dev.cofferdam.audit.report.pdf;

import dev.cofferdam.audit.report.Report;
import dev.cofferdam.audit.report.Report.Section;
import dev.cofferdam.mesh.pdf.PdfText;
import java.util.Set;

/** A report as a PDF file. */
public final class ReportPdf {
  private ReportPdf() {}

  /** The file of a report. */
  public static byte[] of(Report report) {
    PdfText pdf = new PdfText().title(report.title());
    for (Section section : report.sections()) {
      pdf.heading(section.heading());
      if (!section.text().isEmpty()) {
        pdf.text(section.text());
      }
      pdf.facts(section.facts());
      if (!section.columns().isEmpty()) {
        pdf.table(section.columns(), section.rows(), Set.of());
      }
    }
    return pdf.file(report.title());
  }
}
