package dev.cofferdam.gateway.dispatch.grpc;

import com.google.protobuf.ByteString;
import dev.cofferdam.gateway.dispatch.Event;
import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.Placement;
import dev.cofferdam.gateway.dispatch.Placements;
import dev.cofferdam.gateway.tenancy.AdapterEntry;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.proto.routing.v1.Envelope;
import dev.cofferdam.proto.routing.v1.PlaceRequest;
import dev.cofferdam.proto.routing.v1.PlaceResponse;
import dev.cofferdam.proto.routing.v1.RoutingServiceGrpc;
import dev.cofferdam.proto.scheduling.v1.Granted;
import dev.cofferdam.proto.scheduling.v1.Refused;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.wire.Operations;
import dev.cofferdam.wire.Statuses;
import dev.cofferdam.wire.TenantRecords;
import io.grpc.ConnectivityState;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Placement by the routers: one after the other until one answers, beginning with another one for
 * each request.
 */
public final class GrpcPlacements implements Placements {
  private final MeshChannels channels;
  private final List<String> routers;
  private final InstantSource clock;
  private final AtomicInteger turn = new AtomicInteger();

  /**
   * @param routers host:port of each router, at least one
   */
  public GrpcPlacements(MeshChannels channels, List<String> routers, InstantSource clock) {
    if (routers.isEmpty()) {
      throw new IllegalArgumentException("routers: none (expected: at least one)");
    }
    this.channels = channels;
    this.routers = List.copyOf(routers);
    this.clock = clock;
  }

  @Override
  public Runnable place(Ask ask, Consumer<Event> listener) {
    Attempt attempt =
        new Attempt(request(ask), deadlineMs(ask.generation()), Context.current(), listener);
    attempt.next();
    return attempt::cancel;
  }

  private long deadlineMs(Generation generation) {
    return Math.max(1, generation.deadlineEpochMs() - clock.millis());
  }

  private static PlaceRequest request(Ask ask) {
    Generation generation = ask.generation();
    Envelope.Builder envelope =
        Envelope.newBuilder()
            .setRequestId(generation.id().value())
            .setAttempt(ask.attempt())
            .setTenant(generation.identity().tenant().id().value())
            .setModel(generation.model().id())
            .setAdapter(generation.adapter().map(AdapterEntry::name).orElse(""))
            .setAdapterVersion(generation.adapter().map(AdapterEntry::version).orElse(""))
            .setWorkloadClass(TenantRecords.workloadClass(generation.workloadClass()))
            .setOperation(Operations.of(generation.operation()))
            .setPromptTokens(generation.promptTokens().length)
            .setGeneratedTokens(ask.generated())
            .setOutputTokensMax(generation.outputTokensMax())
            .setDeadlineEpochMs(generation.deadlineEpochMs());
    ask.prefixDigests().forEach(d -> envelope.addPrefixDigests(ByteString.copyFrom(d)));
    return PlaceRequest.newBuilder()
        .setEnvelope(envelope)
        .addAllExcludedWorkerIds(ask.excluded())
        .build();
  }

  /** One placement over as many routers as it takes. */
  private final class Attempt {
    private final PlaceRequest request;
    private final long deadlineMs;
    private final Context context;
    private final Consumer<Event> listener;
    private final int first = Math.floorMod(turn.getAndIncrement(), routers.size());
    private int tried;
    private boolean cancelled;
    private @Nullable ClientCallStreamObserver<PlaceRequest> call;

    Attempt(PlaceRequest request, long deadlineMs, Context context, Consumer<Event> listener) {
      this.request = request;
      this.deadlineMs = deadlineMs;
      this.context = context;
      this.listener = listener;
    }

    void next() {
      String router;
      synchronized (this) {
        if (cancelled) {
          return;
        }
        if (tried == routers.size()) {
          router = "";
        } else {
          router = routers.get((first + tried++) % routers.size());
        }
      }
      if (router.isEmpty()) {
        listener.accept(new Event.RoutersUnreachable());
        return;
      }
      ManagedChannel channel = channels.to(router, SpiffeId.Role.ROUTER);
      if (channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
        // Its own pause grows to minutes; a restarted router is asked again with the next request.
        channel.resetConnectBackoff();
      }
      context.run(
          () ->
              RoutingServiceGrpc.newStub(channel)
                  .withDeadlineAfter(deadlineMs, TimeUnit.MILLISECONDS)
                  .place(request, new Answer(this)));
    }

    synchronized void opened(ClientCallStreamObserver<PlaceRequest> stream) {
      call = stream;
    }

    void cancel() {
      ClientCallStreamObserver<PlaceRequest> stream;
      synchronized (this) {
        cancelled = true;
        stream = call;
      }
      if (stream != null) {
        stream.cancel("the request is withdrawn", null);
      }
    }
  }

  /** One router's answer. */
  private static final class Answer implements ClientResponseObserver<PlaceRequest, PlaceResponse> {
    private final Attempt attempt;
    private boolean decided;

    Answer(Attempt attempt) {
      this.attempt = attempt;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<PlaceRequest> stream) {
      attempt.opened(stream);
    }

    @Override
    public void onNext(PlaceResponse response) {
      switch (response.getEventCase()) {
        case QUEUED ->
            attempt.listener.accept(
                new Event.Queued(
                    response.getQueued().getPosition(), response.getQueued().getExpectedWaitMs()));
        case GRANTED -> decide(new Event.Placed(placement(response.getGranted())));
        case REFUSED -> decide(new Event.PlacementRefused(refusal(response.getRefused())));
        case EVENT_NOT_SET -> {
          // An event of a newer router; what matters is repeated in those that are known.
        }
      }
    }

    @Override
    public void onError(Throwable failure) {
      if (decided) {
        return;
      }
      Refusal refusal = Statuses.toRefusal(failure);
      boolean unreachable =
          switch (refusal.code()) {
            case DEPENDENCY_UNAVAILABLE, INTERNAL, CANCELLED -> true;
            default -> false;
          };
      if (unreachable) {
        attempt.next();
      } else {
        decide(new Event.PlacementRefused(refusal));
      }
    }

    @Override
    public void onCompleted() {
      if (!decided) {
        attempt.next();
      }
    }

    private void decide(Event event) {
      if (!decided) {
        decided = true;
        attempt.listener.accept(event);
      }
    }
  }

  private static Placement placement(Granted granted) {
    return new Placement(
        granted.getWorkerId(),
        granted.getEndpoint(),
        granted.getAdapterVersion(),
        granted.getPool(),
        granted.getQueueWaitMs(),
        granted.getExplanationList(),
        granted.getGrant().toByteArray());
  }

  private static Refusal refusal(Refused refused) {
    ErrorCode code = ErrorCode.ofWireName(refused.getCode()).orElse(ErrorCode.NO_CAPACITY);
    Refusal refusal = Refusal.of(code, refused.getMessage());
    Optional<Duration> wait =
        refused.getRetryAfterMs() > 0
            ? Optional.of(Duration.ofMillis(refused.getRetryAfterMs()))
            : Optional.empty();
    return wait.map(refusal::withRetryAfter).orElse(refusal);
  }
}
