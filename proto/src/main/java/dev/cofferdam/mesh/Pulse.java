package dev.cofferdam.mesh;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a peer over and over whether it is there. A process that hangs, and a network that swallows
 * everything, close no connection, and gRPC's own keepalive asks every ten seconds at most.
 *
 * <p>Patience is counted in turns: those that this process did not get the processor for, or that
 * the event loop of the connection had no time for, do not count against the peer.
 */
final class Pulse implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Pulse.class);
  private static final long TURN_MS = 500;
  private static final int SILENT_TURNS_MAX = 4;

  /** A handshake takes longer where both sides have just started. */
  private static final int CONNECTING_TURNS_MAX = 10;

  /** Only a bound: the channel is given up long before. */
  private static final long ANSWER_S_MAX = 30;

  private final ManagedChannel channel;
  private final ScheduledExecutorService timer;
  private final Runnable onSilent;
  private volatile boolean asked;
  private int silentTurns;

  private Pulse(ManagedChannel channel, ScheduledExecutorService timer, Runnable onSilent) {
    this.channel = channel;
    this.timer = timer;
    this.onSilent = onSilent;
  }

  /**
   * Watches the peer of a channel until the channel is shut down.
   *
   * @param timer the channel's event loop, where it has one of its own
   * @param onSilent run once the peer has not answered for two seconds, or let nobody in for five
   */
  static void watch(ManagedChannel channel, ScheduledExecutorService timer, Runnable onSilent) {
    new Pulse(channel, timer, onSilent).again();
  }

  @Override
  public void run() {
    if (channel.isShutdown()) {
      return;
    }
    ConnectivityState state = channel.getState(false);
    boolean connecting = state == ConnectivityState.CONNECTING;
    silentTurns = connecting || asked ? silentTurns + 1 : 0;
    if (silentTurns > (connecting ? CONNECTING_TURNS_MAX : SILENT_TURNS_MAX)) {
      onSilent.run();
    } else if (state == ConnectivityState.READY && !asked) {
      ask();
    }
    again();
  }

  private void ask() {
    asked = true;
    HealthGrpc.newStub(channel)
        .withDeadlineAfter(ANSWER_S_MAX, TimeUnit.SECONDS)
        .check(
            HealthCheckRequest.getDefaultInstance(),
            new StreamObserver<HealthCheckResponse>() {
              @Override
              public void onNext(HealthCheckResponse answer) {}

              @Override
              public void onError(Throwable failure) {
                asked = false;
              }

              @Override
              public void onCompleted() {
                asked = false;
              }
            });
  }

  private void again() {
    try {
      var unused = timer.schedule(this, TURN_MS, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      LOG.debug("the channels are closed");
    }
  }
}
