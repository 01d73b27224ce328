package dev.cofferdam.verification.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.proto.admin.v1.LimitOverrides;
import dev.cofferdam.verification.Generation;
import dev.cofferdam.verification.Mesh;
import dev.cofferdam.verification.Mesh.TenantHandle;
import dev.cofferdam.verification.Patience;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Two models in one worker, whose memory holds one of them at a time. */
class SeveralModelsTest {
  private static final Mesh MESH = Mesh.shared();
  private static final String QUESTION = "Where is my parcel?";
  private static TenantHandle tenant;

  @BeforeAll
  static void putTheModels() {
    tenant =
        MESH.newTenant(
            "several",
            "standard",
            LimitOverrides.newBuilder().setKvBytesGuaranteed(4 << 20).build());
    for (String model : List.of(Mesh.GGUF_MODEL, Mesh.SECOND_MODEL)) {
      assertThat(MESH.putModel(model).getDigest()).hasSize(64);
      Patience.until("the gateway and the router know the model", () -> ask(model).status().isOk());
    }
  }

  @AfterAll
  static void freeWhatIsGuaranteed() {
    MESH.suspend(tenant);
  }

  private static Generation ask(String model) {
    return Generation.run(
        MESH.grpc(), tenant.apiKey(), Generation.chat(QUESTION).setModel(model).build());
  }

  @Test
  void eachIsLoadedWhenItIsAskedForAndItsUsageNamesIt() {
    String expected = ask("support-desk").text();
    double loads = MESH.metrics().sum("worker", "cofferdam_models_loads_total");
    double evictions = MESH.metrics().sum("worker", "cofferdam_models_evictions_total");

    for (String model : List.of(Mesh.GGUF_MODEL, Mesh.SECOND_MODEL)) {
      Generation generation = ask(model);
      assertThat(generation.status().isOk()).as("%s", generation.status()).isTrue();
      assertThat(generation.text()).isNotBlank().isEqualTo(expected);
      assertThat(GrpcClientTest.usage(generation.requestId()).getModel()).isEqualTo(model);
      assertThat(GrpcClientTest.audit(generation.requestId()).getRoutingExplanationList())
          .anyMatch(line -> line.startsWith("model "));
    }
    assertThat(MESH.metrics().sum("worker", "cofferdam_models_loads_total")).isEqualTo(loads + 2);
    assertThat(MESH.metrics().sum("worker", "cofferdam_models_evictions_total"))
        .isEqualTo(evictions + 2);
    assertThat(MESH.metrics().sum("worker", "cofferdam_isolation_violations_total")).isZero();
  }
}
