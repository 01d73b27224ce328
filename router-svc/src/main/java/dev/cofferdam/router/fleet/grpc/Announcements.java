package dev.cofferdam.router.fleet.grpc;

import com.google.protobuf.ByteString;
import dev.cofferdam.mesh.Caller;
import dev.cofferdam.proto.routing.v1.AnnounceRequest;
import dev.cofferdam.proto.routing.v1.AnnounceResponse;
import dev.cofferdam.proto.routing.v1.CacheChange;
import dev.cofferdam.proto.routing.v1.ModelLoad;
import dev.cofferdam.proto.routing.v1.WorkerIdentity;
import dev.cofferdam.router.affinity.PrefixIndex;
import dev.cofferdam.router.fleet.Fleet;
import dev.cofferdam.router.fleet.Worker;
import dev.cofferdam.router.fleet.WorkerLoad;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.PrefixDigests;
import dev.cofferdam.vocabulary.Refusal;
import io.grpc.stub.StreamObserver;
import java.time.Clock;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Announcement streams of workers into fleet and prefix index. A worker can announce itself only
 * under the name that its certificate carries.
 */
public final class Announcements {
  private static final Logger LOG = LoggerFactory.getLogger(Announcements.class);

  private final Fleet fleet;
  private final PrefixIndex index;
  private final Clock clock;
  private final AtomicLong sessions = new AtomicLong();

  public Announcements(Fleet fleet, PrefixIndex index, Clock clock) {
    this.fleet = fleet;
    this.index = index;
    this.clock = clock;
  }

  /** Serves one announcement stream. */
  public StreamObserver<AnnounceRequest> open(StreamObserver<AnnounceResponse> answer) {
    String certified = Caller.current().id().map(id -> id.name()).orElse("");
    return new Session(certified, answer);
  }

  private final class Session implements StreamObserver<AnnounceRequest> {
    private final String certified;
    private final StreamObserver<AnnounceResponse> answer;
    private final long number = sessions.incrementAndGet();
    private @Nullable String workerId;
    private int worker;
    private boolean ended;

    Session(String certified, StreamObserver<AnnounceResponse> answer) {
      this.certified = certified;
      this.answer = answer;
    }

    @Override
    public void onNext(AnnounceRequest request) {
      if (ended) {
        return;
      }
      String id = workerId;
      if (id == null) {
        begin(request);
      } else if (!fleet.isCurrent(id, number)) {
        end(Refusal.of(ErrorCode.INVALID_REQUEST, "a later announcement of this worker is open"));
      } else if (request.hasLoad()) {
        var load = request.getLoad();
        fleet.load(
            id,
            number,
            new WorkerLoad(
                true,
                load.getRunning(),
                load.getSlots(),
                load.getKvBlocksFree(),
                load.getKvBlocks(),
                Set.copyOf(load.getAdaptersResidentList()),
                load.getDraining(),
                load.getModelsList().stream()
                    .collect(
                        Collectors.toMap(
                            ModelLoad::getModel,
                            m ->
                                new WorkerLoad.ModelLoad(
                                    m.getInMemory(), m.getKvBlocksFree(), m.getKvBlocks()),
                            (first, again) -> again))),
            clock.millis());
      } else if (request.hasCache()) {
        change(request.getCache());
      }
    }

    private void begin(AnnounceRequest request) {
      WorkerIdentity identity = request.getIdentity();
      if (!request.hasIdentity()
          || identity.getBlockTokens() <= 0
          || identity.getPool().isEmpty()) {
        end(
            Refusal.of(
                ErrorCode.INVALID_REQUEST,
                "the first message must be an identity with pool and block size"));
        return;
      }
      if (!identity.getWorkerId().equals(certified)) {
        LOG.warn("worker {} announced itself under another name", certified);
        end(Refusal.of(ErrorCode.CALL_NOT_ALLOWED, "the certificate is of another worker"));
        return;
      }
      long now = clock.millis();
      Worker joining =
          new Worker(
              identity.getWorkerId(),
              0,
              identity.getIncarnation(),
              identity.getPool(),
              identity.getEndpoint(),
              Set.copyOf(identity.getModelsList()),
              identity.getBlockTokens(),
              identity.getZone(),
              identity.getTenant(),
              now,
              WorkerLoad.UNKNOWN);
      OptionalInt place = fleet.join(joining, number, now);
      if (place.isEmpty()) {
        end(
            Refusal.of(
                ErrorCode.INVALID_REQUEST, "a later incarnation is known, or the fleet is full"));
        return;
      }
      worker = place.getAsInt();
      index.clear(worker);
      workerId = joining.id();
      LOG.info("worker {} joined pool {} at {}", joining.id(), joining.pool(), joining.endpoint());
    }

    private void change(CacheChange change) {
      if (change.getReset()) {
        index.clear(worker);
      }
      index.remove(worker, digests(change.getRemovedList()));
      index.add(worker, digests(change.getAddedList()));
    }

    private void end(Refusal refusal) {
      ended = true;
      answer.onError(refusal.asException());
      left();
    }

    private void left() {
      String id = workerId;
      if (id != null && fleet.leave(id, number)) {
        index.clear(worker);
        LOG.info("worker {} left", id);
      }
    }

    @Override
    public void onError(Throwable failure) {
      left();
    }

    @Override
    public void onCompleted() {
      left();
      if (!ended) {
        answer.onNext(AnnounceResponse.getDefaultInstance());
        answer.onCompleted();
      }
    }
  }

  private static List<byte[]> digests(List<ByteString> list) {
    return list.stream()
        .filter(d -> d.size() == PrefixDigests.BYTES)
        .map(ByteString::toByteArray)
        .toList();
  }
}
