package dev.cofferdam.gateway.console;

import com.google.protobuf.ByteString;
import dev.cofferdam.proto.audit.v1.GetInclusionProofResponse;
import dev.cofferdam.proto.audit.v1.LoggedRecord;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.proto.metering.v1.Bill;
import dev.cofferdam.proto.metering.v1.GetCostsResponse;
import dev.cofferdam.proto.metering.v1.Period;
import dev.cofferdam.proto.metering.v1.PoolCost;
import dev.cofferdam.proto.metering.v1.Rollup;
import dev.cofferdam.proto.metering.v1.TenantCost;
import dev.cofferdam.proto.metering.v1.UsageRow;
import dev.cofferdam.proto.routing.v1.DescribeFleetResponse;
import dev.cofferdam.proto.routing.v1.ExplainResponse;
import dev.cofferdam.proto.routing.v1.ExplainedWorker;
import dev.cofferdam.proto.routing.v1.FleetPool;
import dev.cofferdam.proto.routing.v1.FleetWorker;
import dev.cofferdam.proto.routing.v1.Load;
import dev.cofferdam.proto.routing.v1.WorkerIdentity;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.SpiffeId;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.LocalDate;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * Services that decide by the reader, as the real ones do. Every text of a tenant's contains the
 * tenant's name.
 */
final class FakeSources implements Sources {
  static final RequestId OF_HARBOR = new RequestId("0123456789abcdef0123456789abcdef");
  static final long NOW_MS = 1_772_800_000_000L;

  volatile boolean meteringAway;
  volatile boolean routersAway;
  volatile boolean tracesAway;
  volatile int running = 3;

  List<Traces.Span> spans(RequestId request) {
    if (tracesAway) {
      throw Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "the store of traces does not answer")
          .asException();
    }
    long us = NOW_MS * 1_000;
    return request.equals(OF_HARBOR)
        ? List.of(
            new Traces.Span("d", "a", "worker-2", "<i>decode</i>", us + 5_000, 40_000, true),
            new Traces.Span("c", "b", "scheduler", "Enqueue", us + 1_800, 700, false),
            new Traces.Span("a", "gone", "gateway", "Generate", us, 50_000, false),
            new Traces.Span("b", "a", "router", "Place", us + 1_500, 2_000, false))
        : List.of();
  }

  private static boolean sees(SpiffeId reader, String tenant) {
    return reader.tenant().map(own -> own.value().equals(tenant)).orElse(true);
  }

  @Override
  public List<DescribeFleetResponse> fleet(SpiffeId reader) {
    if (reader.tenant().isPresent()) {
      throw Refusal.of(ErrorCode.CALL_NOT_ALLOWED, "for operators").asException();
    }
    if (routersAway) {
      throw Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "no router answers").asException();
    }
    FleetWorker.Builder worker = FleetWorker.newBuilder();
    worker.setLoad(
        Load.newBuilder().setRunning(running).setSlots(8).setKvBlocks(100).setKvBlocksFree(60));
    DescribeFleetResponse one =
        DescribeFleetResponse.newBuilder()
            .addWorkers(worker.setIdentity(identity("worker-1")))
            .addWorkers(worker.setIdentity(identity("worker-2")))
            .addPools(FleetPool.newBuilder().setPool("shared").setWaiting(4).setTtftP90Ms(212))
            .build();
    // Two routers see the same workers, and each has a queue of its own.
    return List.of(one, one);
  }

  private static WorkerIdentity identity(String id) {
    return WorkerIdentity.newBuilder()
        .setWorkerId(id)
        .setPool("shared")
        .addModels("<b>support-desk</b>")
        .setZone("eu-1a")
        .build();
  }

  @Override
  public Optional<ExplainResponse> explanation(SpiffeId reader, RequestId request) {
    return Optional.of(
            ExplainResponse.newBuilder()
                .setAttempt(1)
                .setTenant("harbor-books")
                .setPool("shared")
                .setWorkerId("worker-2")
                .setWorkersOffered(2)
                .addWorkers(
                    ExplainedWorker.newBuilder()
                        .setWorkerId("worker-2")
                        .setScore(0.75)
                        .addLines("load 0.750 ×2 3 of 8 slots"))
                .build())
        .filter(unused -> request.equals(OF_HARBOR) && sees(reader, "harbor-books"));
  }

  @Override
  public List<Rollup> rollups(SpiffeId reader, Period period, long fromMs, long toMs) {
    if (meteringAway) {
      throw Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "the ledger is away").asException();
    }
    long at = NOW_MS / 86_400_000 * 86_400_000;
    return List.of("harbor-books", "pixel-pirates").stream()
        .filter(tenant -> sees(reader, tenant))
        .map(
            tenant ->
                Rollup.newBuilder()
                    .setTenant(tenant)
                    .setModel("support-desk")
                    .setPeriodStartEpochMs(at)
                    .setRequests(12)
                    .setPromptTokens(tenant.startsWith("harbor") ? 4_200 : 1_400)
                    .setOutputTokens(tenant.startsWith("harbor") ? 1_800 : 600)
                    .build())
        .toList();
  }

  @Override
  public GetCostsResponse costs(SpiffeId reader, String tenant, LocalDate from, LocalDate to) {
    GetCostsResponse.Builder costs = GetCostsResponse.newBuilder().setCurrency("EUR");
    for (String one : List.of("harbor-books", "pixel-pirates")) {
      if (sees(reader, one) && (tenant.isEmpty() || tenant.equals(one))) {
        costs.addTenants(
            TenantCost.newBuilder()
                .setTenant(one)
                .addBills(Bill.newBuilder().setCurrency("EUR").setAmount("1.25"))
                .setComputeCost("1.50")
                .setCost("1.75")
                .setMargin("-0.50"));
      }
    }
    if (reader.tenant().isEmpty()) {
      costs.addPools(PoolCost.newBuilder().setPool("shared").setNodeHours(5).setPaid("2.50"));
    }
    return costs.build();
  }

  @Override
  public List<UsageRow> usage(SpiffeId reader, RequestId request) {
    return request.equals(OF_HARBOR) && sees(reader, "harbor-books")
        ? List.of(
            UsageRow.newBuilder()
                .setTenant("harbor-books")
                .setAttempt(1)
                .setPrefillMs(17)
                .setWorkerId("worker-2")
                .setOutcome("finished")
                .build())
        : List.of();
  }

  @Override
  public List<LoggedRecord> records(SpiffeId reader, RequestId request) {
    return request.equals(OF_HARBOR) && sees(reader, "harbor-books")
        ? List.of(
            LoggedRecord.newBuilder()
                .setIndex(1)
                .setLeafHash(leaf(1))
                .setRecord(
                    AuditRecorded.newBuilder()
                        .setTenant("harbor-books")
                        .setRequestId(request.value())
                        .setOperation("generate")
                        .addRoutingExplanation("load 0.750 ×2 3 of 8 slots"))
                .build())
        : List.of();
  }

  private static ByteString leaf(int number) {
    return ByteString.copyFrom(sha256(new byte[] {0, (byte) number}));
  }

  private static byte[] sha256(byte[]... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (byte[] part : parts) {
        digest.update(part);
      }
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] node(byte[] left, byte[] right) {
    return sha256(new byte[] {1}, left, right);
  }

  /** A log of three leaves: the second's path is the first, then the third. */
  @Override
  public Optional<GetInclusionProofResponse> proof(SpiffeId reader, long index) {
    byte[] both = node(leaf(0).toByteArray(), leaf(1).toByteArray());
    byte[] root = node(both, leaf(2).toByteArray());
    return Optional.of(
        GetInclusionProofResponse.newBuilder()
            .setIndex(index)
            .setTreeSize(3)
            .setLeafHash(leaf((int) index))
            .addPath(leaf(0))
            .addPath(leaf(2))
            .setCheckpoint(
                "cofferdam.local/audit\n3\n"
                    + Base64.getEncoder().encodeToString(root)
                    + "\n\n— x\n")
            .build());
  }
}
