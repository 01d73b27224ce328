package dev.cofferdam.metering.invoice.pdfbox;

import dev.cofferdam.metering.invoice.Invoice;
import dev.cofferdam.metering.invoice.Invoices.Stored;
import dev.cofferdam.metering.pricing.Charge;
import dev.cofferdam.metering.pricing.Meter;
import dev.cofferdam.metering.pricing.Money;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.pdfbox.pdfwriter.compress.CompressParameters;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.common.PDRectangle;
import org.apache.pdfbox.pdmodel.font.FontMappers;
import org.apache.pdfbox.pdmodel.font.PDFont;
import org.apache.pdfbox.pdmodel.font.PDType1Font;
import org.apache.pdfbox.pdmodel.font.Standard14Fonts.FontName;

/**
 * Invoices as PDF in the standard fonts. Nothing but the invoice goes into the file, no time and no
 * random id, so that it is the same bytes each time.
 */
public final class InvoicePdf {
  private static final PDRectangle PAGE =
      new PDRectangle(PDRectangle.A4.getHeight(), PDRectangle.A4.getWidth());
  private static final float MARGIN = 40;
  private static final float LEADING = 13;
  private static final float SIZE = 8;
  private static final float TITLE_SIZE = 16;

  /** Left edges of the columns; negative: right edges. */
  private static final List<Column> COLUMNS =
      List.of(
          new Column("Line", 40),
          new Column("Model", 68),
          new Column("Adapter", 170),
          new Column("Class", 265),
          new Column("Use", 320),
          new Column("Price since", 415),
          new Column("Above", -535),
          new Column("Quantity", -620),
          new Column("Price", -690),
          new Column("Amount", -802));

  static {
    FontMappers.set(new BundledFonts());
  }

  private record Column(String title, float edge) {}

  private InvoicePdf() {}

  /** The file of an invoice. */
  public static byte[] of(Stored stored) {
    try (PDDocument document = new PDDocument();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream()) {
      document.setDocumentId(stored.invoice().number());
      try (Pages pages = new Pages(document)) {
        head(pages, stored);
        for (Invoice.Line line : stored.invoice().lines()) {
          pages.row(cells(line), false);
        }
        foot(pages, stored);
      }
      document.save(bytes, CompressParameters.NO_COMPRESSION);
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void head(Pages pages, Stored stored) throws IOException {
    Invoice invoice = stored.invoice();
    pages.title("Invoice " + invoice.number());
    pages.text("Tenant: " + invoice.tenant().value());
    pages.text(
        "Period (UTC): "
            + invoice.days().from()
            + " to "
            + invoice.days().to().minusDays(1)
            + "; issued "
            + invoice.issued());
    pages.text(
        "Rate card: "
            + invoice.rateCard()
            + ", revision "
            + invoice.rateCardRevision()
            + "; all amounts in "
            + invoice.currency());
    pages.gap();
    pages.row(COLUMNS.stream().map(Column::title).toList(), true);
  }

  private static void foot(Pages pages, Stored stored) throws IOException {
    Invoice invoice = stored.invoice();
    pages.gap();
    pages.text("Total: " + invoice.total().toPlainString() + " " + invoice.currency());
    pages.strong("Due: " + invoice.due().toPlainString() + " " + invoice.currency());
    pages.gap();
    pages.text(
        "Each line is its quantity times its price, rounded once, half to even, to a millionth;"
            + " the total is their exact sum; what is due is the total, rounded once.");
    pages.text("SHA-256 of the invoice's JSON document: " + stored.sha256());
  }

  private static List<String> cells(Invoice.Line line) {
    Charge charge = line.charge();
    Meter meter = charge.meter();
    return List.of(
        String.valueOf(line.number()),
        charge.model(),
        charge.adapter(),
        charge.workloadClass(),
        line.corrects() == 0 ? meter.label() : meter.label() + " (of " + line.corrects() + ")",
        charge.version().equals(Instant.EPOCH) ? "" : charge.version().toString().substring(0, 10),
        meter.quantity(charge.above()).toPlainString(),
        meter.quantity(line.units()).toPlainString(),
        Money.ofMicros(charge.priceMicros()).toPlainString() + "/" + meter.priceUnit(),
        line.amount().toPlainString());
  }

  /** Text from top to bottom, on as many pages as it takes. */
  private static final class Pages implements AutoCloseable {
    private final PDDocument document;
    private final PDFont plain = new PDType1Font(FontName.HELVETICA);
    private final PDFont bold = new PDType1Font(FontName.HELVETICA_BOLD);
    private PDPageContentStream content;
    private float y;

    Pages(PDDocument document) throws IOException {
      this.document = document;
      this.content = page();
    }

    private PDPageContentStream page() throws IOException {
      PDPage page = new PDPage(PAGE);
      document.addPage(page);
      y = PAGE.getHeight() - MARGIN;
      return new PDPageContentStream(
          document, page, PDPageContentStream.AppendMode.OVERWRITE, false);
    }

    void title(String text) throws IOException {
      down(LEADING);
      show(text, MARGIN, bold, TITLE_SIZE);
      down(LEADING);
    }

    void text(String text) throws IOException {
      down(LEADING);
      show(text, MARGIN, plain, SIZE);
    }

    void strong(String text) throws IOException {
      down(LEADING);
      show(text, MARGIN, bold, SIZE);
    }

    void gap() throws IOException {
      down(LEADING);
    }

    void row(List<String> cells, boolean head) throws IOException {
      down(LEADING);
      PDFont font = head ? bold : plain;
      for (int i = 0; i < cells.size(); i++) {
        float edge = COLUMNS.get(i).edge();
        String text = printable(cells.get(i));
        if (edge < 0) {
          show(text, -edge - font.getStringWidth(text) / 1000 * SIZE, font, SIZE);
        } else {
          float next = i + 1 < COLUMNS.size() ? COLUMNS.get(i + 1).edge() : PAGE.getWidth();
          show(next < 0 ? text : fitting(text, font, next - edge - 4), edge, font, SIZE);
        }
      }
    }

    private static String fitting(String text, PDFont font, float width) throws IOException {
      if (font.getStringWidth(text) / 1000 * SIZE <= width) {
        return text;
      }
      int end = text.length();
      while (end > 0 && font.getStringWidth(text.substring(0, end) + "...") / 1000 * SIZE > width) {
        end--;
      }
      return text.substring(0, end) + "...";
    }

    private void down(float by) throws IOException {
      y -= by;
      if (y < MARGIN) {
        content.close();
        content = page();
        y -= by;
      }
    }

    private void show(String text, float x, PDFont font, float size) throws IOException {
      content.beginText();
      content.setFont(font, size);
      content.newLineAtOffset(x, y);
      content.showText(printable(text));
      content.endText();
    }

    /** The standard fonts have no more; names in records are of these. */
    private static String printable(String text) {
      return text.chars()
          .mapToObj(c -> c >= ' ' && c < 127 ? String.valueOf((char) c) : "?")
          .collect(Collectors.joining());
    }

    @Override
    public void close() throws IOException {
      content.close();
    }
  }
}
