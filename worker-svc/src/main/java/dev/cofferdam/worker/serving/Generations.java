package dev.cofferdam.worker.serving;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.PrefixDigests;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.adapter.AdapterUnavailableException;
import dev.cofferdam.worker.adapter.BadAdapterException;
import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.batching.EndCause;
import dev.cofferdam.worker.batching.SampledToken;
import dev.cofferdam.worker.batching.Sequence;
import dev.cofferdam.worker.batching.SequenceId;
import dev.cofferdam.worker.batching.SequenceListener;
import dev.cofferdam.worker.batching.SequenceRequest;
import dev.cofferdam.worker.batching.SequenceUsage;
import dev.cofferdam.worker.batching.Submissions;
import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.kvcache.PublicPrefix;
import dev.cofferdam.worker.lease.Lease;
import dev.cofferdam.worker.lease.LeaseBook;
import dev.cofferdam.worker.lease.LeaseEvents;
import dev.cofferdam.worker.lease.LeaseOrders;
import dev.cofferdam.worker.residency.ServedModel;
import dev.cofferdam.worker.usage.AttemptRecord;
import dev.cofferdam.worker.usage.UsageSink;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs granted requests. A request that was accepted ends exactly once: its KV is zeroed or back in
 * the tenant's cache, then its metering record is safe, then the caller hears of its end, then the
 * scheduler has its lease back. Thread-safe.
 */
public final class Generations implements LeaseOrders {

  /**
   * What generations need.
   *
   * @param submissions the way into the batches
   * @param models the models that are served, by id
   * @param book decides on leases
   * @param events told of leases
   * @param usage takes metering records
   * @param adapters adapters in host memory
   * @param completions runs ends, which may wait for the disk; one after the other
   * @param listener told for metrics
   * @param clock the time of day
   * @param nanoTime the monotonic clock
   * @param inFlightMax requests at once, waiting ones included
   */
  public record Parts(
      Submissions submissions,
      Map<String, ServedModel> models,
      LeaseBook book,
      LeaseEvents events,
      UsageSink usage,
      AdapterShelf adapters,
      Executor completions,
      ServingListener listener,
      InstantSource clock,
      LongSupplier nanoTime,
      int inFlightMax) {}

  private final Parts parts;
  private final Map<SequenceId, Generation> running = new ConcurrentHashMap<>();
  private volatile boolean draining;

  public Generations(Parts parts) {
    this.parts = parts;
  }

  /** Whether it takes no new requests. */
  public boolean draining() {
    return draining;
  }

  /** Requests that have not ended. */
  public int running() {
    return running.size();
  }

  /**
   * Uses up a lease.
   *
   * @throws RefusedException when it may not be honoured
   */
  public void honour(Lease lease) {
    LeaseBook.Verdict verdict = parts.book.present(lease, parts.clock.millis());
    switch (verdict) {
      case HONOURED -> {}
      case FULL -> throw noCapacity("the worker has too many grants at once");
      default -> throw badGrant(verdict.name().toLowerCase(Locale.ROOT), Optional.of(lease));
    }
  }

  /** The refusal of a grant whose signature does not hold. */
  public RefusedException unsigned() {
    return badGrant("signature", Optional.empty());
  }

  private RefusedException badGrant(String reason, Optional<Lease> lease) {
    parts.listener.grantRefused(reason, lease);
    return Refusal.of(ErrorCode.BAD_GRANT, "the grant is not honoured: " + reason).asException();
  }

  private static RefusedException noCapacity(String message) {
    return Refusal.of(ErrorCode.NO_CAPACITY, message).asException();
  }

  /**
   * Starts an honoured request. When it cannot be run, nothing was used, which is recorded, and its
   * lease is free.
   *
   * @return its handle, to cancel it
   * @throws RefusedException when it cannot be run
   */
  public Handle start(Work work, Output output) {
    try {
      return accept(work, output);
    } catch (RefusedException e) {
      release(work.lease(), output::inTrace);
      throw e;
    }
  }

  /**
   * Gives an honoured lease back that nothing ran under; its attempt leaves a record of nothing.
   *
   * @param inTrace runs something in the request's trace
   */
  public void release(Lease lease, Consumer<Runnable> inTrace) {
    SequenceUsage nothing = SequenceUsage.none(lease.promptTokens());
    AttemptRecord record =
        new AttemptRecord(lease, nothing, 0, EndCause.REFUSED, parts.clock.millis());
    parts.completions.execute(
        () -> {
          try {
            inTrace.accept(() -> parts.usage.record(record));
          } finally {
            parts.events.ended(lease.id(), EndCause.Outcome.FAILED, nothing);
            parts.listener.ended(record);
          }
        });
  }

  private Handle accept(Work work, Output output) {
    Lease lease = work.lease();
    if (draining) {
      throw noCapacity("the worker is draining");
    }
    if (!parts.usage.accepting()) {
      throw Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "usage cannot be recorded").asException();
    }
    if (running.size() >= parts.inFlightMax) {
      throw noCapacity("the worker's batch is full");
    }
    ServedModel model = model(lease);
    check(work, model.geometry());
    SequenceRequest request = request(work, model, adapter(work), prefix(work, model));
    Generation generation = new Generation(lease, output, work.settles());
    generation.sequence = sequence(request, model.geometry(), generation);
    running.put(lease.id(), generation);
    parts.events.accepted(lease);
    if (!parts.submissions.submit(lease.model(), generation.sequence)) {
      running.remove(lease.id());
      throw noCapacity("the worker's batch is full");
    }
    return generation;
  }

  private ServedModel model(Lease lease) {
    ServedModel model = parts.models.get(lease.model());
    if (model == null) {
      throw new IllegalStateException("a lease was honoured for a model that is not served");
    }
    return model;
  }

  private static void check(Work work, ExecutorGeometry geometry) {
    Lease lease = work.lease();
    int[] tokens = work.tokenIds();
    if (tokens.length != (long) lease.promptTokens() + lease.generatedTokens()) {
      throw invalid("token_ids", "their number is not the grant's");
    }
    for (int token : tokens) {
      if (token < 0 || token >= geometry.vocabularySize()) {
        throw invalid("token_ids", "not all of them are in the vocabulary");
      }
    }
    boolean generates = lease.operation() != Operation.EMBED;
    if (generates && lease.generatedTokens() >= lease.outputTokensMax()) {
      throw invalid("token_ids", "no output is left to be generated");
    }
    if (tokens.length > geometry.positionsMax() - lease.operation().outputTokensMin()) {
      throw Refusal.ofParameter(
              ErrorCode.CONTEXT_LENGTH_EXCEEDED,
              "token_ids",
              "the model's context has " + geometry.positionsMax() + " positions")
          .asException();
    }
    int keyBytes = work.prefixKey().length;
    if (keyBytes != 0 && keyBytes != PrefixDigests.BYTES) {
      throw invalid("prefix_key", "not " + PrefixDigests.BYTES + " bytes");
    }
  }

  private static RefusedException invalid(String field, String message) {
    return Refusal.ofParameter(ErrorCode.INVALID_REQUEST, field, message).asException();
  }

  private Optional<LoraAdapter> adapter(Work work) {
    Lease lease = work.lease();
    if (lease.adapter().isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          parts.adapters.get(
              lease.tenant(),
              lease.model(),
              lease.adapter(),
              work.adapterFolder().isEmpty() ? lease.adapter() : work.adapterFolder(),
              lease.adapterVersion()));
    } catch (BadAdapterException e) {
      throw Refusal.of(ErrorCode.BAD_ADAPTER, "the adapter's files do not hold").asException();
    } catch (AdapterUnavailableException e) {
      throw Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "the adapter cannot be fetched")
          .asException();
    }
  }

  private static Optional<PrefixDigests> prefix(Work work, ServedModel model) {
    return work.prefixKey().length == 0 || work.lease().operation() == Operation.EMBED
        ? Optional.empty()
        : Optional.of(
            new PrefixDigests(
                work.prefixKey(),
                model.digest(),
                work.lease().adapterVersion(),
                model.geometry().blockTokens()));
  }

  private static SequenceRequest request(
      Work work, ServedModel model, Optional<LoraAdapter> adapter, Optional<PrefixDigests> prefix) {
    Lease lease = work.lease();
    return new SequenceRequest(
        lease.id(),
        lease.operation(),
        lease.tenant(),
        lease.weight(),
        lease.startTag(),
        work.tokenIds(),
        lease.promptTokens(),
        lease.outputTokensMax(),
        work.sampling(),
        work.stopTokenIds(),
        lease.kvBytesMax(),
        lease.kvEncrypted(),
        adapter,
        prefix,
        lease.operation() == Operation.EMBED
            ? Optional.empty()
            : PublicPrefix.longest(model.publicPrefixes(), work.tokenIds(), lease.promptTokens()));
  }

  private Sequence sequence(
      SequenceRequest request, ExecutorGeometry geometry, SequenceListener listener) {
    return new Sequence(
        request,
        geometry.positionsMax(),
        geometry.blockTokens(),
        parts.nanoTime.getAsLong(),
        listener);
  }

  /**
   * The caller says how much of a request's output counts; the request ends if it still runs.
   * Without effect where the request has ended and is recorded, or has not asked for it.
   *
   * @param outputTokens output tokens of this attempt that are billed
   */
  public void finish(SequenceId id, int outputTokens) {
    Generation generation = running.get(id);
    if (generation != null) {
      generation.finish(outputTokens);
    }
  }

  @Override
  public void revoke(SequenceId id, ErrorCode code) {
    Generation generation = running.get(id);
    if (generation != null) {
      generation.revokedWith = code;
      generation.end(EndCause.REVOKED);
    }
  }

  /** Destroys the key of a tenant's KV, forgets what is cached of it, and ends what runs for it. */
  public void erase(TenantId tenant) {
    parts.submissions.destroyKey(tenant);
  }

  @Override
  public void preempt(SequenceId id, TenantId causedBy) {
    Generation generation = running.get(id);
    if (generation != null) {
      generation.sequence().pause(causedBy);
      parts.submissions.wake();
    }
  }

  @Override
  public void resume(SequenceId id) {
    Generation generation = running.get(id);
    if (generation != null) {
      generation.sequence().resume();
      parts.submissions.wake();
    }
  }

  @Override
  public void guarantee(Map<TenantId, Long> bytes) {
    parts.submissions.guarantee(bytes);
  }

  @Override
  public void drain() {
    draining = true;
  }

  /** Ends everything that runs; the callers may go elsewhere. */
  public void endAll() {
    draining = true;
    running.values().forEach(generation -> generation.end(EndCause.SHUTDOWN));
  }

  /** A started request. */
  public interface Handle {

    /** The caller went away. */
    void cancel();

    /** The caller reads again. */
    void readyAgain();
  }

  /** One request, from its acceptance to its end. */
  private final class Generation implements SequenceListener, Handle {
    private final Lease lease;
    private final Output output;
    private @Nullable Sequence sequence;
    private volatile @Nullable ErrorCode revokedWith;

    /** Whether the caller's word on the bill is still to come. */
    private boolean unsettled;

    /** The end, where it waits for that word. */
    private @Nullable Runnable ending;

    private boolean told;
    private volatile int billedMax = Integer.MAX_VALUE;

    Generation(Lease lease, Output output, boolean settles) {
      this.lease = lease;
      this.output = output;
      this.unsettled = settles;
    }

    Sequence sequence() {
      Sequence known = sequence;
      if (known == null) {
        throw new IllegalStateException("the generation has no sequence yet");
      }
      return known;
    }

    void end(EndCause cause) {
      settle();
      sequence().cancel(cause);
      parts.submissions.wake();
    }

    synchronized void finish(int outputTokens) {
      if (unsettled) {
        billedMax = outputTokens;
        end(EndCause.FINISHED);
      }
    }

    /** Nobody has a word on the bill any more: an end that waited for it goes on. */
    private synchronized void settle() {
      unsettled = false;
      Runnable waiting = ending;
      ending = null;
      if (waiting != null) {
        parts.completions.execute(waiting);
      }
    }

    @Override
    public void cancel() {
      end(EndCause.CANCELLED);
    }

    @Override
    public void readyAgain() {
      parts.submissions.wake();
    }

    @Override
    public boolean ready() {
      return output.ready();
    }

    @Override
    public void started(int cachedPromptTokens) {
      output.started(cachedPromptTokens);
    }

    @Override
    public void token(int index, SampledToken token) {
      output.token(index, token);
    }

    @Override
    public void embedding(float[] values) {
      output.embedding(values);
    }

    @Override
    public void ended(EndCause cause, SequenceUsage usage) {
      boolean completed = cause.outcome() == EndCause.Outcome.COMPLETED;
      int delivered = output.close(completed);
      // Off the step thread: the record goes to disk. At most inFlightMax of these wait.
      Runnable end = () -> complete(cause, usage, delivered);
      synchronized (this) {
        if (completed && unsettled) {
          ending = end;
          parts.completions.execute(() -> tell(cause, usage, delivered));
          return;
        }
      }
      parts.completions.execute(end);
    }

    /** Once; all ends run one after the other. */
    private void tell(EndCause cause, SequenceUsage usage, int delivered) {
      if (!told) {
        told = true;
        output.finished(cause, usage, delivered);
      }
    }

    private void complete(EndCause cause, SequenceUsage usage, int delivered) {
      int billed = Math.min(delivered, billedMax);
      AttemptRecord record = new AttemptRecord(lease, usage, billed, cause, parts.clock.millis());
      try {
        output.inTrace(() -> parts.usage.record(record));
      } finally {
        if (cause.outcome() == EndCause.Outcome.COMPLETED) {
          tell(cause, usage, billed);
          output.done();
        } else {
          output.failed(refusal(cause));
        }
        running.remove(lease.id(), this);
        parts.events.ended(lease.id(), cause.outcome(), usage);
        parts.listener.ended(record);
      }
    }

    private Refusal refusal(EndCause cause) {
      ErrorCode revoked = revokedWith;
      return switch (cause) {
        case CANCELLED -> Refusal.of(ErrorCode.CANCELLED, "the caller went away");
        case SLOW_READER -> Refusal.of(ErrorCode.CANCELLED, "the caller read too slowly");
        case REVOKED ->
            Refusal.of(revoked == null ? ErrorCode.NO_CAPACITY : revoked, "the lease was revoked");
        case MODEL_UNAVAILABLE ->
            Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "the model cannot be loaded");
        case SHUTDOWN -> Refusal.of(ErrorCode.WORKER_LOST, "the worker ends");
        case OUT_OF_MEMORY ->
            Refusal.of(ErrorCode.NO_CAPACITY, "more KV memory than the worker can give");
        default -> Refusal.of(ErrorCode.INTERNAL, "the worker failed");
      };
    }
  }
}
