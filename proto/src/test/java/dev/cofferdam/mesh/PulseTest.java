package dev.cofferdam.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.SpiffeId.Role;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PulseTest {
  @TempDir Path folder;
  private MeshServer scheduler;
  private MeshChannels channels;
  private TcpProxy network;

  @BeforeEach
  void start() {
    TestPki pki = new TestPki(folder);
    scheduler =
        MeshServer.builder("test", pki.identity("scheduler", "spiffe://test/service/scheduler"))
            .listen("127.0.0.1", 0)
            .start();
    channels = new MeshChannels(pki.identity("router", "spiffe://test/service/router"));
    network = new TcpProxy(scheduler.port());
  }

  @AfterEach
  void stop() throws Exception {
    channels.close();
    network.close();
    scheduler.close();
  }

  private ManagedChannel channel() {
    return channels.to("127.0.0.1:" + network.port(), Role.SCHEDULER);
  }

  /** A call that lasts; what becomes of it. */
  private static BlockingQueue<Status.Code> watch(ManagedChannel channel) {
    BlockingQueue<Status.Code> events = new LinkedBlockingQueue<>();
    HealthGrpc.newStub(channel)
        .watch(
            HealthCheckRequest.getDefaultInstance(),
            new StreamObserver<HealthCheckResponse>() {
              @Override
              public void onNext(HealthCheckResponse answer) {
                events.add(Status.Code.OK);
              }

              @Override
              public void onError(Throwable failure) {
                events.add(Status.fromThrowable(failure).getCode());
              }

              @Override
              public void onCompleted() {
                events.add(Status.Code.UNKNOWN);
              }
            });
    return events;
  }

  @Test
  void callsOfASchedulerThatAnswersNoMoreEndAndTheNextGoesOverAnotherConnection() throws Exception {
    ManagedChannel first = channel();
    BlockingQueue<Status.Code> call = watch(first);
    assertThat(call.poll(10, TimeUnit.SECONDS)).isEqualTo(Status.Code.OK);

    network.silence();
    assertThat(call.poll(30, TimeUnit.SECONDS)).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(first.isShutdown()).isTrue();

    network.speak();
    ManagedChannel second = channel();
    assertThat(second).isNotSameAs(first);
    assertThat(watch(second).poll(10, TimeUnit.SECONDS)).isEqualTo(Status.Code.OK);
  }

  @Test
  void aCallToASchedulerThatTakesConnectionsAndSaysNothingEnds() throws Exception {
    network.silence();
    assertThat(watch(channel()).poll(30, TimeUnit.SECONDS)).isEqualTo(Status.Code.UNAVAILABLE);
  }

  @Test
  void aSchedulerThatAnswersKeepsItsConnection() throws Exception {
    ManagedChannel first = channel();
    BlockingQueue<Status.Code> call = watch(first);
    assertThat(call.poll(10, TimeUnit.SECONDS)).isEqualTo(Status.Code.OK);
    assertThat(call.poll(4, TimeUnit.SECONDS)).isNull();
    assertThat(channel()).isSameAs(first);
  }
}
