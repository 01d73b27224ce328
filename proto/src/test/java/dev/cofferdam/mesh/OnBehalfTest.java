package dev.cofferdam.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.mesh.store.Access;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.mesh.store.Violation;
import dev.cofferdam.proto.metering.v1.ListRollupsRequest;
import dev.cofferdam.proto.metering.v1.ListRollupsResponse;
import dev.cofferdam.proto.metering.v1.Rollup;
import dev.cofferdam.proto.metering.v1.UsageServiceGrpc;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.wire.Statuses;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who is believed when it says for whom it reads. */
class OnBehalfTest {
  private static final String DOMAIN = "cofferdam.local";

  private final List<Violation> violations = new CopyOnWriteArrayList<>();
  @TempDir Path folder;
  private TestPki pki;
  private MeshServer server;

  /** Tells whose rows the caller would see: "*" for everybody's. */
  private final class Usage extends UsageServiceGrpc.UsageServiceImplBase {
    @Override
    public void listRollups(
        ListRollupsRequest request, StreamObserver<ListRollupsResponse> observer) {
      View view = Access.ofCaller(request.getTenant(), "ListRollups", "usage", violations::add);
      String seen = view instanceof View.Of of ? of.tenant().value() : "*";
      observer.onNext(
          ListRollupsResponse.newBuilder().addRollups(Rollup.newBuilder().setTenant(seen)).build());
      observer.onCompleted();
    }
  }

  @BeforeEach
  void serve() {
    pki = new TestPki(folder);
    server =
        MeshServer.builder(DOMAIN, pki.identity("metering", uri("service/metering")))
            .listen("127.0.0.1", 0)
            .service(new Usage())
            .start();
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
  }

  private static String uri(String path) {
    return "spiffe://" + DOMAIN + "/" + path;
  }

  private String seen(String caller, String reader, String asked) throws Exception {
    try (MeshChannels channels =
        new MeshChannels(pki.identity(caller.replace('/', '-'), uri(caller)))) {
      Channel channel = channels.to("127.0.0.1:" + server.port(), SpiffeId.Role.METERING);
      if (!reader.isEmpty()) {
        channel =
            ClientInterceptors.intercept(
                channel, OnBehalf.of(SpiffeId.parse(reader).orElseThrow()));
      }
      return UsageServiceGrpc.newBlockingStub(channel)
          .withDeadlineAfter(20, TimeUnit.SECONDS)
          .listRollups(ListRollupsRequest.newBuilder().setTenant(asked).build())
          .getRollups(0)
          .getTenant();
    }
  }

  private void refused(String caller, String reader, String asked, ErrorCode code) {
    assertThatThrownBy(() -> seen(caller, reader, asked))
        .satisfies(e -> assertThat(Statuses.toRefusal(e).code()).isEqualTo(code));
  }

  @Test
  void aGatewaySeesWhatTheReaderMaySeeWhomItNames() throws Exception {
    assertThat(seen("service/gateway", uri("operator/local"), "")).isEqualTo("*");
    assertThat(seen("service/gateway", uri("tenant/pixel-pirates"), "")).isEqualTo("pixel-pirates");
    assertThat(violations).isEmpty();
    refused(
        "service/gateway",
        uri("tenant/pixel-pirates"),
        "harbor-books",
        ErrorCode.IDENTITY_MISMATCH);
    assertThat(violations)
        .singleElement()
        .satisfies(v -> assertThat(v.actor()).isEqualTo(uri("tenant/pixel-pirates")));
  }

  @Test
  void aGatewayThatNamesNobodyOrNoReaderSeesNothing() {
    refused("service/gateway", "", "", ErrorCode.CALL_NOT_ALLOWED);
    refused("service/gateway", "", "harbor-books", ErrorCode.CALL_NOT_ALLOWED);
    refused("service/gateway", uri("service/metering"), "", ErrorCode.CALL_NOT_ALLOWED);
    refused(
        "service/gateway", "spiffe://elsewhere.example/operator/x", "", ErrorCode.CALL_NOT_ALLOWED);
  }

  @Test
  void nobodyElseIsBelieved() throws Exception {
    assertThat(seen("tenant/pixel-pirates", uri("operator/local"), "")).isEqualTo("pixel-pirates");
    assertThat(seen("tenant/pixel-pirates", uri("tenant/harbor-books"), ""))
        .isEqualTo("pixel-pirates");
    refused("service/router", uri("operator/local"), "", ErrorCode.CALL_NOT_ALLOWED);
    refused("service/worker/w1", uri("operator/local"), "", ErrorCode.CALL_NOT_ALLOWED);
  }
}
