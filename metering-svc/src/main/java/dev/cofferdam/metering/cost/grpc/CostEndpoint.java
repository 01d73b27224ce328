package dev.cofferdam.metering.cost.grpc;

import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.api.HeavyWork;
import dev.cofferdam.metering.api.grpc.CallerViews;
import dev.cofferdam.metering.cost.CostReport;
import dev.cofferdam.metering.cost.Costing;
import dev.cofferdam.metering.cost.Reason;
import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.metering.invoice.grpc.RequestDays;
import dev.cofferdam.proto.metering.v1.Bill;
import dev.cofferdam.proto.metering.v1.CostReason;
import dev.cofferdam.proto.metering.v1.CostServiceGrpc;
import dev.cofferdam.proto.metering.v1.GetCostsRequest;
import dev.cofferdam.proto.metering.v1.GetCostsResponse;
import dev.cofferdam.proto.metering.v1.PoolCost;
import dev.cofferdam.proto.metering.v1.PreemptionCause;
import dev.cofferdam.proto.metering.v1.TenantCost;
import io.grpc.stub.StreamObserver;
import java.math.BigDecimal;
import java.util.Locale;

/** Costs on gRPC. A tenant's certificate opens that tenant's line and nothing of the pools. */
public final class CostEndpoint extends CostServiceGrpc.CostServiceImplBase {
  private final CallerViews callers;
  private final Costing costing;
  private final HeavyWork work;

  public CostEndpoint(CallerViews callers, Costing costing, HeavyWork work) {
    this.callers = callers;
    this.costing = costing;
    this.work = work;
  }

  @Override
  public void getCosts(GetCostsRequest request, StreamObserver<GetCostsResponse> answer) {
    View view = callers.of(request.getTenant(), "GetCosts");
    Days days = RequestDays.of(request.getFromDay(), request.getToDay());
    CostReport report = work.run(() -> costing.report(view, days));
    GetCostsResponse.Builder response =
        GetCostsResponse.newBuilder().setCurrency(report.currency());
    report.tenants().forEach(tenant -> response.addTenants(tenant(tenant, report.currency())));
    report.pools().forEach(pool -> response.addPools(pool(pool)));
    answer.onNext(response.build());
    answer.onCompleted();
  }

  private static TenantCost tenant(CostReport.TenantCost cost, String currency) {
    TenantCost.Builder message =
        TenantCost.newBuilder()
            .setTenant(cost.tenant().value())
            .setComputeUs(cost.computeUs())
            .setUncostedUs(cost.uncostedUs())
            .setComputeCost(cost.compute().toPlainString())
            .setAdapterCost(cost.adapters().toPlainString())
            .setStorageCost(cost.storage().toPlainString())
            .setCost(cost.cost().toPlainString())
            .setMargin(cost.margin(currency).map(BigDecimal::toPlainString).orElse(""));
    cost.bills()
        .forEach(
            bill ->
                message.addBills(
                    Bill.newBuilder()
                        .setCurrency(bill.currency())
                        .setAmount(bill.amount().toPlainString())));
    for (Reason reason : cost.reasons()) {
      message.addReasons(
          CostReason.newBuilder()
              .setKind(reason.kind().name().toLowerCase(Locale.ROOT))
              .setOwn(reason.own())
              .setAll(reason.all())
              .addAllCauses(
                  reason.causes().stream()
                      .map(
                          cause ->
                              PreemptionCause.newBuilder()
                                  .setTenant(cause.tenant().value())
                                  .setTimes(cause.times())
                                  .build())
                      .toList()));
    }
    return message.build();
  }

  private static PoolCost pool(CostReport.PoolCost cost) {
    return PoolCost.newBuilder()
        .setPool(cost.pool())
        .setNodeHours(cost.nodeHours())
        .setBusyUs(cost.busyUs())
        .setPaid(cost.paid().toPlainString())
        .setUsed(cost.used().toPlainString())
        .setShadows(cost.shadows().toPlainString())
        .setIdle(cost.idle().toPlainString())
        .build();
  }
}
