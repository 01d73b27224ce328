package dev.cofferdam.metering.focus.parquet;

import dev.cofferdam.metering.focus.FocusColumn;
import dev.cofferdam.metering.focus.FocusFile;
import dev.cofferdam.metering.focus.FocusRow;
import dev.cofferdam.metering.focus.FocusRows;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.PositionOutputStream;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;

/**
 * FOCUS exports as Parquet: decimals of 38 digits with 12 after the point, moments in milliseconds
 * of UTC, texts in UTF-8, without compression.
 */
public final class FocusParquet implements FocusFile {
  private static final int PRECISION = 38;
  private static final int DECIMAL_BYTES = 16;

  private final Bytes bytes = new Bytes();
  private final ParquetWriter<FocusRow> writer;

  /** Begins a file. */
  public FocusParquet() {
    try {
      writer = new Builder(bytes).build();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void add(FocusRow row) {
    try {
      writer.write(row);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public byte[] finish() {
    close();
    return bytes.out.toByteArray();
  }

  @Override
  public void close() {
    try {
      writer.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static MessageType schema() {
    return new MessageType("focus", Arrays.stream(FocusColumn.values()).map(c -> type(c)).toList());
  }

  private static Type type(FocusColumn column) {
    Type.Repetition repetition =
        column.nullable() ? Type.Repetition.OPTIONAL : Type.Repetition.REQUIRED;
    return switch (column.type()) {
      case DECIMAL ->
          Types.primitive(PrimitiveTypeName.FIXED_LEN_BYTE_ARRAY, repetition)
              .length(DECIMAL_BYTES)
              .as(LogicalTypeAnnotation.decimalType(FocusRows.SCALE, PRECISION))
              .named(column.title());
      case DATE_TIME ->
          Types.primitive(PrimitiveTypeName.INT64, repetition)
              .as(LogicalTypeAnnotation.timestampType(true, TimeUnit.MILLIS))
              .named(column.title());
      default ->
          Types.primitive(PrimitiveTypeName.BINARY, repetition)
              .as(LogicalTypeAnnotation.stringType())
              .named(column.title());
    };
  }

  private static final class Builder extends ParquetWriter.Builder<FocusRow, Builder> {
    Builder(OutputFile file) {
      super(file);
      withConf(new PlainParquetConfiguration());
      withCompressionCodec(CompressionCodecName.UNCOMPRESSED);
    }

    @Override
    protected Builder self() {
      return this;
    }

    @Override
    protected WriteSupport<FocusRow> getWriteSupport(Configuration conf) {
      return new Rows();
    }

    @Override
    protected WriteSupport<FocusRow> getWriteSupport(ParquetConfiguration conf) {
      return new Rows();
    }
  }

  /** Hands values over, column by column. */
  private static final class Rows extends WriteSupport<FocusRow> {
    @SuppressWarnings("NullAway.Init") // the writer calls prepareForWrite before it writes
    private RecordConsumer consumer;

    @Override
    public WriteContext init(Configuration configuration) {
      return new WriteContext(schema(), Map.of("focus_version", "1.2"));
    }

    @Override
    public WriteContext init(ParquetConfiguration configuration) {
      return new WriteContext(schema(), Map.of("focus_version", "1.2"));
    }

    @Override
    public void prepareForWrite(RecordConsumer given) {
      consumer = given;
    }

    @Override
    public void write(FocusRow row) {
      consumer.startMessage();
      FocusColumn[] columns = FocusColumn.values();
      for (int i = 0; i < columns.length; i++) {
        int index = i;
        row.value(columns[i])
            .ifPresent(
                value -> {
                  consumer.startField(columns[index].title(), index);
                  add(value);
                  consumer.endField(columns[index].title(), index);
                });
      }
      consumer.endMessage();
    }

    private void add(Object value) {
      switch (value) {
        case BigDecimal decimal -> consumer.addBinary(decimal(decimal));
        case Instant moment -> consumer.addLong(moment.toEpochMilli());
        case Object text ->
            consumer.addBinary(
                Binary.fromConstantByteArray(text.toString().getBytes(StandardCharsets.UTF_8)));
      }
    }

    /** Big-endian two's complement, extended to the fixed length. */
    private static Binary decimal(BigDecimal value) {
      byte[] least = value.setScale(FocusRows.SCALE).unscaledValue().toByteArray();
      byte[] bytes = new byte[DECIMAL_BYTES];
      Arrays.fill(bytes, (byte) (value.signum() < 0 ? -1 : 0));
      System.arraycopy(least, 0, bytes, DECIMAL_BYTES - least.length, least.length);
      return Binary.fromConstantByteArray(bytes);
    }
  }

  /** A file in memory. */
  private static final class Bytes implements OutputFile {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    @Override
    public PositionOutputStream create(long blockSizeHint) {
      return new PositionOutputStream() {
        @Override
        public long getPos() {
          return out.size();
        }

        @Override
        public void write(int b) {
          out.write(b);
        }

        @Override
        public void write(byte[] bytes, int from, int count) {
          out.write(bytes, from, count);
        }
      };
    }

    @Override
    public PositionOutputStream createOrOverwrite(long blockSizeHint) {
      return create(blockSizeHint);
    }

    @Override
    public boolean supportsBlockSize() {
      return false;
    }

    @Override
    public long defaultBlockSize() {
      return 0;
    }
  }
}
