package dev.cofferdam.gateway.console.grpc;

import dev.cofferdam.gateway.console.Sources;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.OnBehalf;
import dev.cofferdam.proto.audit.v1.AuditServiceGrpc;
import dev.cofferdam.proto.audit.v1.GetInclusionProofRequest;
import dev.cofferdam.proto.audit.v1.GetInclusionProofResponse;
import dev.cofferdam.proto.audit.v1.ListRecordsRequest;
import dev.cofferdam.proto.audit.v1.LoggedRecord;
import dev.cofferdam.proto.metering.v1.CostServiceGrpc;
import dev.cofferdam.proto.metering.v1.GetCostsRequest;
import dev.cofferdam.proto.metering.v1.GetCostsResponse;
import dev.cofferdam.proto.metering.v1.ListRollupsRequest;
import dev.cofferdam.proto.metering.v1.ListUsageRequest;
import dev.cofferdam.proto.metering.v1.Period;
import dev.cofferdam.proto.metering.v1.Rollup;
import dev.cofferdam.proto.metering.v1.UsageRow;
import dev.cofferdam.proto.metering.v1.UsageServiceGrpc;
import dev.cofferdam.proto.routing.v1.DescribeFleetRequest;
import dev.cofferdam.proto.routing.v1.DescribeFleetResponse;
import dev.cofferdam.proto.routing.v1.ExplainRequest;
import dev.cofferdam.proto.routing.v1.ExplainResponse;
import dev.cofferdam.proto.routing.v1.RoutingServiceGrpc;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.SpiffeId.Role;
import dev.cofferdam.wire.Statuses;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.AbstractBlockingStub;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/** Other services over gRPC. Each call names its reader. */
public final class GrpcSources implements Sources {
  private static final long CALL_MS = 3_000;
  private static final int ROWS_MAX = 50;

  private final MeshChannels channels;
  private final List<String> routers;
  private final Optional<String> metering;
  private final Optional<String> audit;

  /**
   * @param channels stay the caller's; answers must not come on a request's event loop
   * @param routers host:port of each router
   * @param metering host:port of metering-svc
   * @param audit host:port of audit-svc
   */
  public GrpcSources(
      MeshChannels channels,
      List<String> routers,
      Optional<String> metering,
      Optional<String> audit) {
    this.channels = channels;
    this.routers = List.copyOf(routers);
    this.metering = metering;
    this.audit = audit;
  }

  @Override
  public List<DescribeFleetResponse> fleet(SpiffeId reader) {
    List<DescribeFleetResponse> seen = new ArrayList<>();
    for (String router : routers) {
      try {
        seen.add(
            stub(router, Role.ROUTER, reader, RoutingServiceGrpc::newBlockingStub)
                .describeFleet(DescribeFleetRequest.getDefaultInstance()));
      } catch (StatusRuntimeException e) {
        // One that is away shows nothing; others know the same workers.
        if (!isAway(e)) {
          throw Statuses.toRefusal(e).asException();
        }
      }
    }
    if (seen.isEmpty()) {
      throw Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "no router answers").asException();
    }
    return seen;
  }

  @Override
  public Optional<ExplainResponse> explanation(SpiffeId reader, RequestId request) {
    ExplainRequest asked = ExplainRequest.newBuilder().setRequestId(request.value()).build();
    for (String router : routers) {
      try {
        return Optional.of(
            stub(router, Role.ROUTER, reader, RoutingServiceGrpc::newBlockingStub).explain(asked));
      } catch (StatusRuntimeException e) {
        boolean unknown = Statuses.toRefusal(e).code() == ErrorCode.NOT_FOUND;
        if (!unknown && !isAway(e)) {
          throw Statuses.toRefusal(e).asException();
        }
      }
    }
    return Optional.empty();
  }

  private static boolean isAway(StatusRuntimeException e) {
    return Statuses.toRefusal(e).code().retryable();
  }

  @Override
  public List<Rollup> rollups(SpiffeId reader, Period period, long fromMs, long toMs) {
    return answered(
        () ->
            stub(metering(), Role.METERING, reader, UsageServiceGrpc::newBlockingStub)
                .listRollups(
                    ListRollupsRequest.newBuilder()
                        .setPeriod(period)
                        .setFromEpochMs(fromMs)
                        .setToEpochMs(toMs)
                        .build())
                .getRollupsList());
  }

  @Override
  public GetCostsResponse costs(SpiffeId reader, String tenant, LocalDate from, LocalDate to) {
    return answered(
        () ->
            stub(metering(), Role.METERING, reader, CostServiceGrpc::newBlockingStub)
                .getCosts(
                    GetCostsRequest.newBuilder()
                        .setTenant(tenant)
                        .setFromDay(from.toString())
                        .setToDay(to.toString())
                        .build()));
  }

  @Override
  public List<UsageRow> usage(SpiffeId reader, RequestId request) {
    return answered(
        () ->
            stub(metering(), Role.METERING, reader, UsageServiceGrpc::newBlockingStub)
                .listUsage(
                    ListUsageRequest.newBuilder()
                        .setRequestId(request.value())
                        .setPageSize(ROWS_MAX)
                        .build())
                .getRowsList());
  }

  @Override
  public List<LoggedRecord> records(SpiffeId reader, RequestId request) {
    return answered(
        () ->
            stub(audit(), Role.AUDIT, reader, AuditServiceGrpc::newBlockingStub)
                .listRecords(
                    ListRecordsRequest.newBuilder()
                        .setRequestId(request.value())
                        .setPageSize(ROWS_MAX)
                        .build())
                .getRecordsList());
  }

  @Override
  public Optional<GetInclusionProofResponse> proof(SpiffeId reader, long index) {
    try {
      return Optional.of(
          stub(audit(), Role.AUDIT, reader, AuditServiceGrpc::newBlockingStub)
              .getInclusionProof(GetInclusionProofRequest.newBuilder().setIndex(index).build()));
    } catch (StatusRuntimeException e) {
      if (Statuses.toRefusal(e).code() == ErrorCode.NOT_FOUND) {
        return Optional.empty();
      }
      throw Statuses.toRefusal(e).asException();
    }
  }

  private String metering() {
    return metering.orElseThrow(() -> unknown("cofferdam.console.metering"));
  }

  private String audit() {
    return audit.orElseThrow(() -> unknown("cofferdam.console.audit"));
  }

  private static RuntimeException unknown(String setting) {
    return Refusal.of(ErrorCode.NOT_OFFERED, "this gateway has no " + setting).asException();
  }

  private <T extends AbstractBlockingStub<T>> T stub(
      String endpoint, Role role, SpiffeId reader, Function<Channel, T> made) {
    return made.apply(
            ClientInterceptors.intercept(channels.to(endpoint, role), OnBehalf.of(reader)))
        .withDeadlineAfter(CALL_MS, TimeUnit.MILLISECONDS);
  }

  private static <T> T answered(Supplier<T> call) {
    try {
      return call.get();
    } catch (StatusRuntimeException e) {
      throw Statuses.toRefusal(e).asException();
    }
  }
}
