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
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.column.ColumnWriteStore;
import org.apache.parquet.column.ParquetProperties;
import org.apache.parquet.compression.CompressionCodecFactory.BytesInputCompressor;
import org.apache.parquet.hadoop.ColumnChunkPageWriteStore;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.ColumnIOFactory;
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
 *
 * <p>Row groups are put together here, of the library's column stores: its own writer of records
 * has ways to Hadoop, which a native executable would have to resolve.
 */
public final class FocusParquet implements FocusFile {
  private static final int PRECISION = 38;
  private static final int DECIMAL_BYTES = 16;
  private static final long ROW_GROUP_BYTES = ParquetWriter.DEFAULT_BLOCK_SIZE;

  /** How many rows there are between two looks at what a group has come to: it asks each column. */
  private static final int LOOK_ROWS = 1_000;

  private final Bytes bytes = new Bytes();
  private final MessageType schema = schema();
  private final ParquetProperties properties = ParquetProperties.builder().build();
  private final ParquetFileWriter file;
  private RowGroup group = new RowGroup();

  /** Begins a file. */
  public FocusParquet() {
    try {
      file =
          new ParquetFileWriter(
              bytes,
              schema,
              ParquetFileWriter.Mode.CREATE,
              ROW_GROUP_BYTES,
              ParquetWriter.MAX_PADDING_SIZE_DEFAULT,
              null,
              properties);
      file.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void add(FocusRow row) {
    group.add(row);
    if (group.rows % LOOK_ROWS == 0 && group.columns.getBufferedSize() > ROW_GROUP_BYTES) {
      endGroup();
      group = new RowGroup();
    }
  }

  private void endGroup() {
    try {
      group.writeTo(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      group.close();
    }
  }

  @Override
  public byte[] finish() {
    try {
      if (group.rows > 0) {
        group.writeTo(file);
      }
      file.end(Map.of("focus_version", "1.2"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.out.toByteArray();
  }

  @Override
  public void close() {
    group.close();
    try {
      file.close();
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

  /** Some rows, column by column. */
  private final class RowGroup {
    private final ColumnChunkPageWriteStore pages =
        new ColumnChunkPageWriteStore(
            new Uncompressed(),
            schema,
            properties.getAllocator(),
            properties.getColumnIndexTruncateLength(),
            properties.getPageWriteChecksumEnabled());
    private final ColumnWriteStore columns = properties.newColumnWriteStore(schema, pages, pages);
    private final RecordConsumer consumer =
        new ColumnIOFactory().getColumnIO(schema).getRecordWriter(columns);
    private long rows;

    void add(FocusRow row) {
      consumer.startMessage();
      FocusColumn[] fields = FocusColumn.values();
      for (int i = 0; i < fields.length; i++) {
        int index = i;
        row.value(fields[i])
            .ifPresent(
                value -> {
                  consumer.startField(fields[index].title(), index);
                  add(value);
                  consumer.endField(fields[index].title(), index);
                });
      }
      consumer.endMessage();
      rows++;
    }

    void writeTo(ParquetFileWriter file) throws IOException {
      consumer.flush();
      file.startBlock(rows);
      columns.flush();
      pages.flushToFileWriter(file);
      file.endBlock();
    }

    void close() {
      columns.close();
      pages.close();
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

  /** Leaves bytes as they are. */
  private static final class Uncompressed implements BytesInputCompressor {
    @Override
    public BytesInput compress(BytesInput given) {
      return given;
    }

    @Override
    public CompressionCodecName getCodecName() {
      return CompressionCodecName.UNCOMPRESSED;
    }

    @Override
    public void release() {}
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
