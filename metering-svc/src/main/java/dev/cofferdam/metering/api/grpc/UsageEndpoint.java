package dev.cofferdam.metering.api.grpc;

import static dev.cofferdam.metering.api.grpc.CallerViews.available;
import static dev.cofferdam.metering.api.grpc.CallerViews.invalid;

import dev.cofferdam.mesh.store.View;
import dev.cofferdam.mesh.store.Violation;
import dev.cofferdam.metering.api.PageTokens;
import dev.cofferdam.metering.ledger.Rollup;
import dev.cofferdam.metering.ledger.UsagePage;
import dev.cofferdam.metering.ledger.UsageViews;
import dev.cofferdam.metering.ledger.UsageViews.EventQuery;
import dev.cofferdam.metering.ledger.UsageViews.Period;
import dev.cofferdam.metering.ledger.UsageViews.Position;
import dev.cofferdam.metering.ledger.UsageViews.RollupQuery;
import dev.cofferdam.metering.ledger.UsageViews.Span;
import dev.cofferdam.metering.usage.UsageEvent;
import dev.cofferdam.proto.metering.v1.ListRollupsRequest;
import dev.cofferdam.proto.metering.v1.ListRollupsResponse;
import dev.cofferdam.proto.metering.v1.ListUsageRequest;
import dev.cofferdam.proto.metering.v1.ListUsageResponse;
import dev.cofferdam.proto.metering.v1.UsageRow;
import dev.cofferdam.proto.metering.v1.UsageServiceGrpc;
import dev.cofferdam.vocabulary.RequestId;
import io.grpc.stub.StreamObserver;
import java.time.Instant;
import java.util.Optional;

/** Usage on gRPC. A tenant's certificate opens that tenant's view and no other. */
public final class UsageEndpoint extends UsageServiceGrpc.UsageServiceImplBase {
  private static final int PAGE_ROWS = 100;
  private static final int PAGE_ROWS_MAX = 1_000;

  private final UsageViews views;
  private final CallerViews callers;

  /**
   * @param violations told of each attempt to see another tenant's usage, before it is refused
   */
  public UsageEndpoint(UsageViews views, Violation.Recorder violations) {
    this.views = views;
    this.callers = new CallerViews(violations);
  }

  @Override
  public void listUsage(ListUsageRequest request, StreamObserver<ListUsageResponse> answer) {
    View view = callers.of(request.getTenant(), "ListUsage");
    EventQuery query =
        new EventQuery(
            requestId(request.getRequestId()),
            span(request.getFromEpochMs(), request.getToEpochMs()),
            position(request.getPageToken()),
            rows(request.getPageSize()));
    UsagePage page = available(() -> views.events(view, query));
    ListUsageResponse.Builder response = ListUsageResponse.newBuilder();
    page.events().forEach(event -> response.addRows(row(event)));
    page.next().ifPresent(next -> response.setNextPageToken(PageTokens.encode(next)));
    answer.onNext(response.build());
    answer.onCompleted();
  }

  @Override
  public void listRollups(ListRollupsRequest request, StreamObserver<ListRollupsResponse> answer) {
    View view = callers.of(request.getTenant(), "ListRollups");
    Period period =
        switch (request.getPeriod()) {
          case PERIOD_HOUR -> Period.HOUR;
          case PERIOD_DAY -> Period.DAY;
          case PERIOD_MONTH -> Period.MONTH;
          default -> throw invalid("period", "expected hour, day or month");
        };
    Span span = span(request.getFromEpochMs(), request.getToEpochMs());
    ListRollupsResponse.Builder response = ListRollupsResponse.newBuilder();
    available(() -> views.rollups(view, new RollupQuery(period, span)))
        .forEach(rollup -> response.addRollups(rollup(rollup)));
    answer.onNext(response.build());
    answer.onCompleted();
  }

  private static Optional<RequestId> requestId(String value) {
    if (value.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(new RequestId(value));
    } catch (IllegalArgumentException e) {
      throw invalid("request_id", "expected 32 hexadecimal digits");
    }
  }

  private static Span span(long fromMs, long toMs) {
    if (fromMs < 0 || toMs < 0) {
      throw invalid("from_epoch_ms", "expected 0 or more");
    }
    return new Span(bound(fromMs), bound(toMs));
  }

  private static Optional<Instant> bound(long ms) {
    // Beyond the year 9999 there is no row, and the store knows no such date.
    long clamped = Math.min(ms, 253_402_300_799_999L);
    return clamped == 0 ? Optional.empty() : Optional.of(Instant.ofEpochMilli(clamped));
  }

  private static Optional<Position> position(String token) {
    if (token.isEmpty()) {
      return Optional.empty();
    }
    Optional<Position> position = PageTokens.decode(token);
    if (position.isEmpty()) {
      throw invalid("page_token", "not from an earlier answer");
    }
    return position;
  }

  private static int rows(int asked) {
    if (asked < 0 || asked > PAGE_ROWS_MAX) {
      throw invalid("page_size", "expected 1 to " + PAGE_ROWS_MAX);
    }
    return asked == 0 ? PAGE_ROWS : asked;
  }

  private static UsageRow row(UsageEvent event) {
    return UsageRow.newBuilder()
        .setEventId(event.eventId())
        .setRequestId(event.request().value())
        .setAttempt(event.attempt())
        .setTenant(event.tenant().value())
        .setModel(event.served().model())
        .setAdapter(event.served().adapter())
        .setAdapterVersion(event.served().adapterVersion())
        .setWorkloadClass(event.served().workloadClass())
        .setPromptTokens(event.quantities().promptTokens())
        .setCachedPromptTokens(event.quantities().cachedPromptTokens())
        .setOutputTokens(event.quantities().outputTokens())
        .setQueueWaitMs(event.quantities().queueWaitMs())
        .setPrefillMs(event.quantities().prefillMs())
        .setDecodeMs(event.quantities().decodeMs())
        .setComputeUs(event.quantities().computeUs())
        .setKvBlockMs(event.quantities().kvBlockMs())
        .setPreemptions(event.quantities().preemptions())
        .setWorkerId(event.served().workerId())
        .setOperation(event.served().operation())
        .setOutcome(event.outcome())
        .setEndedEpochMs(event.ended().toEpochMilli())
        .build();
  }

  private static dev.cofferdam.proto.metering.v1.Rollup rollup(Rollup rollup) {
    return dev.cofferdam.proto.metering.v1.Rollup.newBuilder()
        .setTenant(rollup.tenant().value())
        .setModel(rollup.model())
        .setAdapter(rollup.adapter())
        .setWorkloadClass(rollup.workloadClass())
        .setPeriodStartEpochMs(rollup.start().toEpochMilli())
        .setBookedEpochMs(rollup.booked().toEpochMilli())
        .setRequests(rollup.requests())
        .setPromptTokens(rollup.promptTokens())
        .setCachedPromptTokens(rollup.cachedPromptTokens())
        .setOutputTokens(rollup.outputTokens())
        .setComputeUs(rollup.computeUs())
        .setKvBlockMs(rollup.kvBlockMs())
        .build();
  }
}
