package dev.cofferdam.verification.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.proto.routing.v1.ExplainResponse;
import dev.cofferdam.proto.routing.v1.LeftOutWorker;
import dev.cofferdam.verification.AdapterDisk;
import dev.cofferdam.verification.Generation;
import dev.cofferdam.verification.Mesh;
import dev.cofferdam.verification.Mesh.TenantHandle;
import dev.cofferdam.verification.Patience;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Where requests go when a zone is lost, a worker fails, or something fails wherever it runs. Two
 * workers, each in a zone of its own; the router is in the second's.
 */
class RoutingFaultsTest {
  private static final Mesh MESH = Mesh.shared();
  private static final String FAR = "worker-1";
  private static final String NEAR = "worker-2";
  private static final String VOICE = "voice";
  private static final String SAMPLE = "harbor-books";
  private static final int STREAMS = 4;

  private static Generation ask(TenantHandle tenant, String adapter) {
    return Generation.run(
        MESH.grpc(), tenant.apiKey(), Generation.chat("Hello").setAdapter(adapter).build());
  }

  private static void isServed(Generation generation) {
    assertThat(generation.status().isOk()).as("%s", generation.status()).isTrue();
  }

  /** Of tenants that have nothing cached anywhere, so that nothing else speaks for a worker. */
  private static void isServedByTheNearWorker(String name) {
    Patience.until(
        "a request stays in the router's zone",
        () -> {
          ExplainResponse placed =
              MESH.explain(ask(MESH.newTenant(name, "standard"), "").requestId());
          return placed.getWorkerId().equals(NEAR)
              && placed.getWorkers(0).getLinesList().stream()
                  .anyMatch(line -> line.startsWith("zone 1.00") && line.endsWith("zone-b"));
        });
  }

  @Test
  void requestsStayInTheRoutersZoneAndGoToTheOtherWhileItIsLost() throws Exception {
    isServedByTheNearWorker("near");
    TenantHandle tenant = MESH.newTenant("zone", "standard");
    Generation undisturbed =
        Generation.run(MESH.grpc(), tenant.apiKey(), Generation.endless(true, 1_200));
    isServed(undisturbed);
    assertThat(MESH.workerOf(undisturbed.requestId())).isEqualTo(NEAR);
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      CountDownLatch underWay = new CountDownLatch(STREAMS);
      List<CompletableFuture<Generation>> streams = new ArrayList<>();
      for (int i = 0; i < STREAMS; i++) {
        streams.add(CompletableFuture.supplyAsync(() -> stream(tenant, underWay), clients));
      }
      assertThat(underWay.await(60, TimeUnit.SECONDS)).isTrue();
      MESH.processes().kill(NEAR);
      Generation next = ask(tenant, "");
      isServed(next);
      ExplainResponse placed = MESH.explain(next.requestId());
      assertThat(placed.getWorkerId()).isEqualTo(FAR);
      assertThat(placed.getWorkers(0).getLinesList())
          .anyMatch(line -> line.startsWith("zone 0.00") && line.endsWith("zone-a"));
      for (CompletableFuture<Generation> stream : streams) {
        isServed(stream.join());
        assertThat(stream.join().text()).isEqualTo(undisturbed.text());
      }
    }
    MESH.processes().awaitUp(NEAR);
    isServedByTheNearWorker("back");
  }

  private static Generation stream(TenantHandle tenant, CountDownLatch underWay) {
    AtomicInteger deltas = new AtomicInteger();
    return Generation.run(
        MESH.grpc(),
        Generation.credentials(tenant.apiKey(), ""),
        Generation.endless(true, 1_200),
        event -> {
          if (event.hasDelta() && deltas.incrementAndGet() == 2) {
            underWay.countDown();
          }
        });
  }

  /** A tenant with an adapter that lies in a folder of its own. */
  private static TenantHandle tenantWithAdapter(String name) {
    TenantHandle tenant = MESH.newTenant(name, "standard");
    AdapterDisk.COMMON.put(SAMPLE, tenant.id());
    AdapterDisk.OF_WORKER_2.put(SAMPLE, tenant.id());
    MESH.putAdapter(tenant, VOICE, tenant.id());
    return tenant;
  }

  private static boolean isUnknown(Generation generation) {
    return generation.status().getCode() == Status.Code.NOT_FOUND;
  }

  @Test
  void aWorkerWhoseRequestsFailIsLeftOutForAWhileAndTheOtherServesThem() {
    // A worker's rate of failures is a mean over its tenants, of whom others may do well there.
    List<TenantHandle> tenants = new ArrayList<>();
    Patience.until(
        "the worker that cannot read adapters is ejected",
        () -> {
          TenantHandle tenant = tenantWithAdapter("ejects");
          AdapterDisk.OF_WORKER_2.damage(tenant.id());
          tenants.add(tenant);
          Patience.until("its adapter is known", () -> !isUnknown(ask(tenant, VOICE)));
          ask(tenant, VOICE);
          return MESH.metrics().sum("router", "cofferdam_fleet_workers_ejected") == 1;
        });
    for (TenantHandle tenant : List.of(tenants.getFirst(), tenants.getLast())) {
      Generation served = ask(tenant, VOICE);
      isServed(served);
      ExplainResponse placed = MESH.explain(served.requestId());
      assertThat(placed.getWorkerId()).isEqualTo(FAR);
      assertThat(placed.getLeftOutList())
          .containsExactly(
              LeftOutWorker.newBuilder()
                  .setWorkerId(NEAR)
                  .setReason("ejected for a while: most requests failed there")
                  .build());
    }
    tenants.forEach(tenant -> AdapterDisk.OF_WORKER_2.put(SAMPLE, tenant.id()));
    isServedByTheNearWorker("tried-again");
    assertThat(MESH.metrics().sum("router", "cofferdam_fleet_workers_ejected")).isZero();
  }

  @Test
  void whatFailsOnEveryWorkerIsRefusedAtOnceUntilATrySucceeds() {
    TenantHandle tenant = tenantWithAdapter("breaks");
    AdapterDisk.COMMON.damage(tenant.id());
    AdapterDisk.OF_WORKER_2.damage(tenant.id());
    Patience.until(
        "requests are refused before a worker fails once more",
        () -> ask(tenant, VOICE).status().getCode() == Status.Code.UNAVAILABLE);
    assertThat(MESH.metrics().sum("router", "cofferdam_breakers_open")).isPositive();
    isServed(ask(tenant, ""));

    AdapterDisk.COMMON.put(SAMPLE, tenant.id());
    AdapterDisk.OF_WORKER_2.put(SAMPLE, tenant.id());
    // One request a second is tried at first: several at once are served when it is closed.
    Patience.until(
        "it is closed again",
        () -> IntStream.range(0, 3).allMatch(unused -> ask(tenant, VOICE).status().isOk()));
  }
}
