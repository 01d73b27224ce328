package dev.cofferdam.metering.focus;

import dev.cofferdam.metering.invoice.Csv;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** FOCUS exports as comma-separated values; null is nothing between two commas. */
public final class FocusCsv implements FocusFile {
  private final ByteArrayOutputStream text = new ByteArrayOutputStream();

  /** Begins a file with the names of the columns. */
  public FocusCsv() {
    write(Arrays.stream(FocusColumn.values()).map(FocusColumn::title).toList());
  }

  @Override
  public void add(FocusRow row) {
    write(Arrays.stream(FocusColumn.values()).map(row::text).toList());
  }

  private void write(List<String> values) {
    text.writeBytes(Csv.row(values).getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public byte[] finish() {
    return text.toByteArray();
  }

  @Override
  public void close() {}
}
