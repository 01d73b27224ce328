package dev.cofferdam.metering.focus;

import static dev.cofferdam.metering.TestLedger.days;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.Facts;
import dev.cofferdam.metering.TestLedger;
import dev.cofferdam.metering.focus.parquet.FocusParquet;
import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.metering.invoice.Invoice;
import dev.cofferdam.metering.pricing.Meter;
import dev.cofferdam.metering.pricing.Prices;
import dev.cofferdam.metering.pricing.RateCard;
import dev.cofferdam.metering.pricing.Step;
import dev.cofferdam.vocabulary.TenantId;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.LogicalTypeAnnotation.DecimalLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimestampLogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FocusTest {
  private static final TenantId HARBOR = new TenantId("harbor-books");
  private static final Days ALL = days("2026-02-01", "2026-03-02");
  private static final Days FEBRUARY = days("2026-02-20", "2026-03-01");

  @TempDir Path folder;
  private TestLedger ledger;
  private FocusRows focus;

  @BeforeEach
  void open() {
    ledger =
        new TestLedger(
            new RateCard(
                "default",
                1,
                "EUR",
                List.of(
                    new Prices(
                        Instant.EPOCH,
                        Map.of(
                            "",
                            Map.of(
                                Meter.INPUT_TOKENS, List.of(new Step(0, 213_457)),
                                Meter.GPU_SECONDS, List.of(new Step(0, 3_333_333)),
                                Meter.OUTPUT_TOKENS,
                                    List.of(new Step(0, 900_000), new Step(3_000, 0))))))));
    focus = new FocusRows(ledger.uses, ledger.charges, ledger.invoices, "Cofferdam");
  }

  private List<FocusRow> exported() {
    ledger.record(Facts.random(21, 300));
    ledger.issued(HARBOR, FEBRUARY);
    ledger.record(Facts.random(22, 100));
    ledger.issued(HARBOR, days("2026-03-01", "2026-03-02"));
    return rows(new View.Everybody());
  }

  private List<FocusRow> rows(View view) {
    List<FocusRow> rows = new ArrayList<>();
    focus.each(view, ALL, rows::add);
    return rows;
  }

  private static byte[] written(FocusFile file, List<FocusRow> rows) {
    try (file) {
      rows.forEach(file::add);
      return file.finish();
    }
  }

  private static List<String> titles() {
    return Arrays.stream(FocusColumn.values()).map(FocusColumn::title).toList();
  }

  @Test
  void theCsvIsValid() {
    List<FocusRow> rows = exported();

    List<List<String>> table =
        parsed(new String(written(new FocusCsv(), rows), StandardCharsets.UTF_8));
    List<Map<String, String>> values = new ArrayList<>();
    for (List<String> line : table.subList(1, table.size())) {
      Map<String, String> row = new HashMap<>();
      for (int i = 0; i < line.size(); i++) {
        if (!line.get(i).isEmpty()) {
          row.put(table.getFirst().get(i), line.get(i));
        }
      }
      values.add(row);
    }

    assertThat(values).hasSize(rows.size()).hasSizeGreaterThan(50);
    assertThat(FocusValidator.validate(table.getFirst(), values)).isEmpty();
    assertThat(values).anyMatch(row -> "Correction".equals(row.get("ChargeClass")));
    assertThat(values).anyMatch(row -> row.get("ChargeCategory").equals("Adjustment"));
    assertThat(values).anyMatch(row -> !row.containsKey("InvoiceId"));
  }

  @Test
  void theParquetFileHoldsTheSameValuesAndIsValid() throws IOException {
    List<FocusRow> rows = exported();
    Path file = folder.resolve("focus.parquet");
    Files.write(file, written(new FocusParquet(), rows));

    List<Map<String, String>> values = read(file);

    assertThat(FocusValidator.validate(titles(), values)).isEmpty();
    assertThat(values).hasSize(rows.size());
    for (int i = 0; i < values.size(); i++) {
      for (FocusColumn column : FocusColumn.values()) {
        assertThat(values.get(i).getOrDefault(column.title(), ""))
            .as(column.title())
            .isEqualTo(rows.get(i).text(column));
      }
    }
    assertThat(written(new FocusParquet(), rows)).isEqualTo(Files.readAllBytes(file));
  }

  @Test
  void theRowsOfAnInvoiceAddUpToItsTotal() {
    List<FocusRow> rows = exported();
    for (long number = 1; number <= 2; number++) {
      Invoice invoice = ledger.invoices.find(new View.Everybody(), number).orElseThrow().invoice();
      String id = String.valueOf(number);
      BigDecimal sum =
          rows.stream()
              .filter(row -> row.text(FocusColumn.INVOICE_ID).equals(id))
              .map(row -> new BigDecimal(row.text(FocusColumn.BILLED_COST)))
              .reduce(BigDecimal.ZERO, BigDecimal::add);
      assertThat(sum).isEqualByComparingTo(invoice.total()).isPositive();
    }
  }

  @Test
  void aTenantsExportHoldsItsOwnRowsOnly() {
    exported();
    assertThat(rows(new View.Of(new TenantId("pixel-pirates"))))
        .isNotEmpty()
        .allMatch(row -> row.text(FocusColumn.BILLING_ACCOUNT_ID).equals("pixel-pirates"));
  }

  @Test
  void theValidatorFindsWhatIsWrong() {
    Map<String, String> good = new HashMap<>();
    FocusRow row = exported().getFirst();
    for (FocusColumn column : FocusColumn.values()) {
      row.value(column).ifPresent(value -> good.put(column.title(), row.text(column)));
    }
    assertThat(FocusValidator.validate(titles(), List.of(good))).isEmpty();
    assertThat(FocusValidator.validate(titles().subList(1, titles().size()), List.of()))
        .containsExactly("columns, BilledCost: missing");
    assertThat(wrong(good, "BilledCost", "1,5")).contains("row 1, BilledCost: not of type DECIMAL");
    assertThat(wrong(good, "BilledCost", null)).contains("row 1, BilledCost: null");
    assertThat(wrong(good, "ChargeCategory", "usage"))
        .contains("row 1, ChargeCategory: not an allowed value");
    assertThat(wrong(good, "ChargePeriodStart", "2026-03-01 00:00"))
        .contains("row 1, ChargePeriodStart: not of type DATE_TIME");
    assertThat(wrong(good, "ChargePeriodEnd", good.get("ChargePeriodStart")))
        .contains("row 1, ChargePeriodEnd: not after ChargePeriodStart");
    assertThat(wrong(good, "BillingCurrency", "EUX"))
        .contains("row 1, BillingCurrency: not of type CURRENCY");
    assertThat(wrong(good, "PricingQuantity", null))
        .contains("row 1, PricingQuantity: null for Usage");
    assertThat(wrong(good, "ListCost", "123"))
        .containsExactly("row 1, ListCost: not ListUnitPrice times PricingQuantity");
    assertThat(wrong(good, "ConsumedUnit", null))
        .containsExactly(
            "row 1, ConsumedUnit: null where ConsumedQuantity is not, or the other way round");
    assertThat(wrong(good, "Tags", "{a}")).contains("row 1, Tags: not of type JSON");
  }

  private static List<String> wrong(Map<String, String> good, String column, String value) {
    Map<String, String> row = new HashMap<>(good);
    if (value == null) {
      row.remove(column);
    } else {
      row.put(column, value);
    }
    return FocusValidator.validate(titles(), List.of(row));
  }

  /** RFC 4180, by itself: not what wrote it. */
  private static List<List<String>> parsed(String text) {
    List<List<String>> table = new ArrayList<>();
    List<String> row = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quoted && c == '"' && i + 1 < text.length() && text.charAt(i + 1) == '"') {
        field.append(c);
        i++;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && (c == ',' || c == '\n')) {
        row.add(field.toString());
        field.setLength(0);
        if (c == '\n') {
          table.add(row);
          row = new ArrayList<>();
        }
      } else if (quoted || c != '\r') {
        field.append(c);
      }
    }
    return table;
  }

  private static List<Map<String, String>> read(Path file) throws IOException {
    List<Map<String, String>> rows = new ArrayList<>();
    try (ParquetFileReader reader =
        ParquetFileReader.open(
            new LocalInputFile(file),
            ParquetReadOptions.builder(new org.apache.parquet.conf.PlainParquetConfiguration())
                .build())) {
      MessageType schema = reader.getFooter().getFileMetaData().getSchema();
      for (PageReadStore pages = reader.readNextRowGroup();
          pages != null;
          pages = reader.readNextRowGroup()) {
        RecordReader<Group> records =
            new ColumnIOFactory()
                .getColumnIO(schema)
                .getRecordReader(pages, new GroupRecordConverter(schema));
        for (long i = 0; i < pages.getRowCount(); i++) {
          rows.add(row(schema, records.read()));
        }
      }
    }
    return rows;
  }

  private static Map<String, String> row(MessageType schema, Group group) {
    Map<String, String> row = new HashMap<>();
    for (int i = 0; i < schema.getFieldCount(); i++) {
      if (group.getFieldRepetitionCount(i) > 0) {
        PrimitiveType type = schema.getType(i).asPrimitiveType();
        row.put(
            type.getName(),
            switch (type.getLogicalTypeAnnotation()) {
              case DecimalLogicalTypeAnnotation decimal ->
                  new BigDecimal(
                          new BigInteger(group.getBinary(i, 0).getBytes()), decimal.getScale())
                      .toPlainString();
              case TimestampLogicalTypeAnnotation moment ->
                  Instant.ofEpochMilli(group.getLong(i, 0)).toString();
              default -> group.getString(i, 0);
            });
      }
    }
    return row;
  }
}
