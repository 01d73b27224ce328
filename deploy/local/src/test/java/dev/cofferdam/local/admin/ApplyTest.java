package dev.cofferdam.local.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Message;
import dev.cofferdam.local.admin.Plan.Step;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.admin.v1.TenantStatus;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.io.StringReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Declared files against a gateway that keeps records in memory, over gRPC. */
class ApplyTest {
  private static final String FILE =
      """
      pools:
        shared: {}
      models:
        desk: {folder: desk, context_tokens_max: 100, pools: [shared]}
      tenants:
        acme: {tier: standard, models_allowed: [desk]}
      adapters:
        acme/books: {model: desk, folder: books}
      """;

  private final MemoryAdmin gateway = new MemoryAdmin();
  private Server server;
  private ManagedChannel channel;
  private AdminApi api;

  @BeforeEach
  void start() throws IOException {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(gateway)
            .build()
            .start();
    channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort()).usePlaintext().build();
    api = new AdminApi(channel);
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.shutdownNow();
  }

  @Test
  void aSecondApplyChangesNothing() {
    Plan first = apply(FILE, false);
    Plan second = apply(FILE, false);

    assertThat(first.steps())
        .extracting(step -> step.kind().word() + " " + step.key())
        .containsExactly("pool shared", "model desk", "tenant acme", "adapter acme/books");
    assertThat(second.steps()).isEmpty();
    assertThat(acme().getStatus()).isEqualTo(TenantStatus.TENANT_STATUS_ACTIVE);
  }

  @Test
  void aChangedFieldIsShownWithBothValuesAndChangedAlone() {
    apply(FILE, false);
    String changed =
        FILE.replace(
            "tier: standard, models_allowed: [desk]", "tier: enterprise, limits: {priority: 2}");

    Plan plan = apply(changed, false);

    Step.Change change = (Step.Change) plan.steps().getFirst();
    assertThat(plan.steps()).hasSize(1);
    assertThat(change.differences())
        .containsExactly(
            "limits.priority: (unset) → 2",
            "models_allowed: [desk] → (unset)",
            "tier: standard → enterprise");
    assertThat(apply(changed, false).steps()).isEmpty();
  }

  @Test
  void aSuspensionIsNotUndoneByAFileThatSaysNothingOfIt() {
    apply(FILE, false);
    gateway.suspend("acme");

    assertThat(apply(FILE, false).steps()).isEmpty();
    assertThat(apply(FILE.replace("tier: standard", "tier: free"), false).steps()).hasSize(1);
    assertThat(acme().getStatus()).isEqualTo(TenantStatus.TENANT_STATUS_SUSPENDED);

    apply(FILE.replace("tier: standard", "tier: free, status: active"), false);
    assertThat(acme().getStatus()).isEqualTo(TenantStatus.TENANT_STATUS_ACTIVE);
  }

  @Test
  void anotherFolderHasItsDigestComputedAnew() {
    apply(FILE, false);
    Plan plan = apply(FILE.replace("folder: desk", "folder: desk-2"), false);

    assertThat(((Step.Change) plan.steps().getFirst()).differences())
        .containsExactly(
            "digest: " + MemoryAdmin.digest("desk") + " → (unset)",
            "folder: desk → desk-2",
            "kv_bytes_per_token: " + MemoryAdmin.KV_BYTES_PER_TOKEN + " → (unset)");
    assertThat(apply(FILE.replace("folder: desk", "folder: desk-2"), false).steps()).isEmpty();
  }

  @Test
  void whatAFileSaysOfAModelsFilesLeavesTheRestOfThemAsItIs() {
    apply(FILE, false);
    String said = FILE.replace("folder: desk", "folder: desk, kv_bytes_per_token: 2048");
    Plan plan = apply(said, false);

    assertThat(((Step.Change) plan.steps().getFirst()).differences())
        .containsExactly("kv_bytes_per_token: 1536 → 2048");
    assertThat(apply(said, false).steps()).isEmpty();
  }

  @Test
  void whatIsNotDeclaredGoesOnlyWhenAskedForAndInAnOrderThatWorks() {
    apply(FILE, false);
    String less = "pools: {}\nmodels: {}\ntenants: {}\nadapters: {}\n";

    Plan kept = apply(less, false);
    assertThat(kept.steps()).isEmpty();
    assertThat(kept.undeclared()).contains("tenant acme", "adapter acme/books");

    Plan pruned = apply(less, true);
    assertThat(pruned.steps())
        .extracting(step -> step.kind().word())
        .containsExactly("adapter", "tenant", "model", "pool");
    assertThat(api.list(List.of(RecordKind.values())).values()).allMatch(Map::isEmpty);
  }

  @Test
  void kindsThatAreNotInTheFileAreNeverPruned() {
    apply(FILE, false);

    Plan plan = apply("pools:\n  shared: {}\n", true);

    assertThat(plan.steps()).isEmpty();
    assertThat(plan.undeclared()).isEmpty();
  }

  @Test
  void aChangeMadeMeanwhileIsNotOverwritten() {
    apply(FILE, false);
    Plan plan = plan(FILE.replace("tier: standard", "tier: free"), false);
    gateway.suspend("acme");

    assertThatThrownBy(() -> plan.steps().forEach(api::make))
        .isInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("ABORTED");
  }

  private Tenant acme() {
    return (Tenant) api.list(RecordKind.TENANT).get("acme");
  }

  private Plan plan(String file, boolean prune) {
    Map<RecordKind, Map<String, Message>> declared = DeclaredFile.read(new StringReader(file));
    return Plan.of(declared, api.list(declared.keySet()), prune);
  }

  private Plan apply(String file, boolean prune) {
    Plan plan = plan(file, prune);
    plan.steps().forEach(api::make);
    return plan;
  }
}
