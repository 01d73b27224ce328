package dev.cofferdam.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.SpiffeId.Role;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoop;
import java.nio.file.Files;
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
  void aLoopThatIsBusyForSecondsDoesNotTakeItsPeersForSilent() throws Exception {
    TestPki pki = new TestPki(Files.createDirectory(folder.resolve("busy")));
    try (EventLoops loops = EventLoops.start();
        MeshServer peer =
            MeshServer.builder("test", pki.identity("s", "spiffe://test/service/scheduler"))
                .listen("127.0.0.1", 0)
                .start();
        MeshChannels ofLoops =
            new MeshChannels(pki.identity("r", "spiffe://test/service/router"), loops)) {
      EventLoop loop = loops.current();
      BlockingQueue<Status.Code> call =
          loop.submit(() -> watch(ofLoops.to("127.0.0.1:" + peer.port(), Role.SCHEDULER))).get();
      assertThat(call.poll(10, TimeUnit.SECONDS)).isEqualTo(Status.Code.OK);

      loop.submit(() -> sleep(4_000)).get();

      assertThat(call.poll(1, TimeUnit.SECONDS)).isNull();
    }
  }

  private static void sleep(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
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
