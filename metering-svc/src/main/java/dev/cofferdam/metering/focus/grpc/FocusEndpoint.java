package dev.cofferdam.metering.focus.grpc;

import static dev.cofferdam.metering.api.grpc.CallerViews.available;
import static dev.cofferdam.metering.api.grpc.CallerViews.invalid;

import com.google.protobuf.ByteString;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.api.grpc.CallerViews;
import dev.cofferdam.metering.focus.FocusCsv;
import dev.cofferdam.metering.focus.FocusRow;
import dev.cofferdam.metering.focus.FocusRows;
import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.metering.invoice.grpc.RequestDays;
import dev.cofferdam.proto.metering.v1.ExportFocusRequest;
import dev.cofferdam.proto.metering.v1.ExportFocusResponse;
import dev.cofferdam.proto.metering.v1.FocusFormat;
import dev.cofferdam.proto.metering.v1.FocusServiceGrpc;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;

/** FOCUS exports on gRPC. A tenant's certificate opens that tenant's charges and no others. */
public final class FocusEndpoint extends FocusServiceGrpc.FocusServiceImplBase {
  private static final int CHUNK_BYTES = 1 << 20;
  private static final int DAYS_MAX = 366;

  private final CallerViews callers;
  private final FocusRows rows;
  private final Function<List<FocusRow>, byte[]> parquet;

  /**
   * @param parquet rows as a file
   */
  public FocusEndpoint(
      CallerViews callers, FocusRows rows, Function<List<FocusRow>, byte[]> parquet) {
    this.callers = callers;
    this.rows = rows;
    this.parquet = parquet;
  }

  @Override
  public void exportFocus(ExportFocusRequest request, StreamObserver<ExportFocusResponse> answer) {
    View view = callers.of(request.getTenant(), "ExportFocus");
    Days days = RequestDays.of(request.getFromDay(), request.getToDay());
    if (days.from().plusDays(DAYS_MAX).isBefore(days.to())) {
      throw invalid("to_day", "expected at most " + DAYS_MAX + " days");
    }
    if (request.getFormat() == FocusFormat.UNRECOGNIZED) {
      throw invalid("format", "expected csv or parquet");
    }
    List<FocusRow> found = available(() -> rows.of(view, days));
    byte[] file =
        request.getFormat() == FocusFormat.FOCUS_FORMAT_PARQUET ? parquet.apply(found) : csv(found);
    for (int from = 0; from < file.length; from += CHUNK_BYTES) {
      int count = Math.min(CHUNK_BYTES, file.length - from);
      answer.onNext(
          ExportFocusResponse.newBuilder()
              .setChunk(ByteString.copyFrom(file, from, count))
              .build());
    }
    answer.onCompleted();
  }

  private static byte[] csv(List<FocusRow> found) {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    text.writeBytes(FocusCsv.header().getBytes(StandardCharsets.UTF_8));
    found.forEach(row -> text.writeBytes(FocusCsv.row(row).getBytes(StandardCharsets.UTF_8)));
    return text.toByteArray();
  }
}
