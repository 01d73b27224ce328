package dev.cofferdam.audit.report.pdf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.audit.report.Report;
import dev.cofferdam.audit.report.Report.Section;
import dev.cofferdam.mesh.pdf.PdfText;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.text.PDFTextStripper;
import org.junit.jupiter.api.Test;

class ReportPdfTest {
  private static final String LONG = "abcdefghij".repeat(30);

  private static Report report(int rows) {
    List<List<String>> table = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      table.add(List.of(Integer.toString(i), "spiffe://test/tenant/one", "row-" + i, "a (b) \\ c"));
    }
    return new Report(
        "SOC 2 report: harbor-books",
        List.of(
            Section.of("Scope", "What was done. ".repeat(20), Map.of("root hash", LONG)),
            Section.of("Records", "", List.of("record", "who", "name", "detail"), table)));
  }

  private static String text(byte[] file) throws IOException {
    try (PDDocument document = Loader.loadPDF(file)) {
      return new PDFTextStripper().getText(document);
    }
  }

  @Test
  void anotherReaderFindsEverythingThatTheReportSays() throws IOException {
    byte[] file = ReportPdf.of(report(200));
    String text = text(file);
    assertThat(text).contains("SOC 2 report: harbor-books", "Scope", "a (b) \\ c");
    for (int i = 0; i < 200; i++) {
      assertThat(text).contains("row-" + i);
    }
    assertThat(text.replaceAll("\\s", "")).contains(LONG);
    try (PDDocument document = Loader.loadPDF(file)) {
      assertThat(document.getNumberOfPages()).isEqualTo(5);
      assertThat(document.getDocumentInformation().getTitle())
          .isEqualTo("SOC 2 report: harbor-books");
      assertThat(text).contains("page 5 of 5").doesNotContain("page 6");
    }
  }

  @Test
  void noLineIsWiderThanItsPage() throws IOException {
    List<String> cells = List.of(LONG, LONG, "x", LONG, LONG);
    Report wide =
        new Report(
            "w", List.of(Section.of("t", "", List.of("a", "b", "c", "d", "e"), List.of(cells))));
    assertThat(text(ReportPdf.of(wide)).lines())
        .allMatch(line -> line.length() <= PdfText.LINE_CHARACTERS)
        .anyMatch(line -> line.length() > PdfText.LINE_CHARACTERS - 10);
  }

  @Test
  void theSameReportIsTheSameBytesAndAnEmptyTableSaysSo() throws IOException {
    assertThat(ReportPdf.of(report(3))).isEqualTo(ReportPdf.of(report(3)));
    assertThat(text(ReportPdf.of(report(0)))).contains("none", "page 1 of 1");
  }

  @Test
  void whatTheFontDoesNotHaveIsAQuestionMark() throws IOException {
    assertThat(text(ReportPdf.of(new Report("\u4e2d \u0007 \ud83d\ude00", List.of()))))
        .contains("? ? ?");
  }
}
