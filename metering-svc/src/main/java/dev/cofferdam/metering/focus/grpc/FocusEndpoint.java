package dev.cofferdam.metering.focus.grpc;

import static dev.cofferdam.metering.api.grpc.CallerViews.invalid;

import com.google.protobuf.ByteString;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.api.HeavyWork;
import dev.cofferdam.metering.api.grpc.CallerViews;
import dev.cofferdam.metering.focus.FocusCsv;
import dev.cofferdam.metering.focus.FocusFile;
import dev.cofferdam.metering.focus.FocusRows;
import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.metering.invoice.grpc.RequestDays;
import dev.cofferdam.proto.metering.v1.ExportFocusRequest;
import dev.cofferdam.proto.metering.v1.ExportFocusResponse;
import dev.cofferdam.proto.metering.v1.FocusFormat;
import dev.cofferdam.proto.metering.v1.FocusServiceGrpc;
import io.grpc.stub.StreamObserver;
import java.util.function.Supplier;

/** FOCUS exports on gRPC. A tenant's certificate opens that tenant's charges and no others. */
public final class FocusEndpoint extends FocusServiceGrpc.FocusServiceImplBase {
  private static final int CHUNK_BYTES = 1 << 20;
  private static final int DAYS_MAX = 366;
  private static final int ROWS_MAX = 500_000;

  private final CallerViews callers;
  private final FocusRows rows;
  private final Supplier<FocusFile> parquet;
  private final HeavyWork work;

  /**
   * @param parquet begins a file in that form
   */
  public FocusEndpoint(
      CallerViews callers, FocusRows rows, Supplier<FocusFile> parquet, HeavyWork work) {
    this.work = work;
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
    byte[] file =
        work.run(
            () ->
                file(
                    view,
                    days,
                    request.getFormat() == FocusFormat.FOCUS_FORMAT_PARQUET
                        ? parquet
                        : FocusCsv::new));
    for (int from = 0; from < file.length; from += CHUNK_BYTES) {
      int count = Math.min(CHUNK_BYTES, file.length - from);
      answer.onNext(
          ExportFocusResponse.newBuilder()
              .setChunk(ByteString.copyFrom(file, from, count))
              .build());
    }
    answer.onCompleted();
  }

  private byte[] file(View view, Days days, Supplier<FocusFile> form) {
    try (FocusFile file = form.get()) {
      int[] count = {0};
      rows.each(
          view,
          days,
          row -> {
            if (++count[0] > ROWS_MAX) {
              throw invalid("to_day", "more than " + ROWS_MAX + " rows; ask for fewer days");
            }
            file.add(row);
          });
      return file.finish();
    }
  }
}
