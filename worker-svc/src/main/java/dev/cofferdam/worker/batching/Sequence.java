package dev.cofferdam.worker.batching;

import dev.cofferdam.vocabulary.PrefixDigests;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.execution.HiddenSum;
import dev.cofferdam.worker.kvcache.Digest;
import dev.cofferdam.worker.kvcache.ExportedBlock;
import dev.cofferdam.worker.kvcache.PublicPrefix;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A request on its way through the batch. The public methods may be called by any thread and take
 * effect before the next step; everything else is the step thread's.
 */
public final class Sequence {
  final SequenceRequest request;
  final SequenceListener listener;
  final int[] tokens;
  final int[] blocks;
  final int lengthMax;
  final long acceptedNs;

  /** Tokens so far: input and output. */
  int length;

  /** Positions whose K and V are in the pool. */
  int computed;

  /** Blocks in {@link #blocks}. */
  int blockCount;

  /** Blocks at the beginning that the prefix cache has been offered, or came from it. */
  int offered;

  /** Blocks at the beginning that are full and known to be so. */
  int filled;

  /** Whether its blocks are held and not read: it is paused. */
  boolean resting;

  /** What it had computed when it lost its blocks, to go on from: block by block. */
  final List<ExportedBlock> swapped = new ArrayList<>();

  /** Positions in {@link #swapped}. */
  int swappedPositions;

  /** Rows in the step that is being planned or executed. */
  int rows;

  /** Sequences of its tenant that are served, as last counted. */
  int peers;

  int adapterSlot;
  boolean hasAdapter;

  /** A step failed with this sequence in it; it runs alone until it is cleared. */
  boolean suspect;

  /** What is read of the input; null where output is generated. */
  @Nullable HiddenSum hidden;

  /** Where to go on after a pause. */
  SequenceState pausedFrom = SequenceState.WAITING;

  /** Blocks to be zeroed for which this sequence pays. */
  int releasedBlocks;

  long unreadySinceNs;
  boolean started;
  boolean changed;

  private final List<Digest> digests = new ArrayList<>();
  private final @Nullable Digest root;
  private final @Nullable PublicPrefix publicPrefix;
  private SequenceState state = SequenceState.WAITING;
  private @Nullable EndCause cause;
  private int cachedPromptTokens;
  private long prefillTokens;
  private int outputTokens;
  private long firstTokenNs;
  private long lastTokenNs;
  private long endedNs;
  private long computeNs;
  private long kvBlockNs;
  private long accruedNs;
  private int allocated;
  private int zeroed;
  private int preemptions;
  private Map<TenantId, Integer> preemptedBy = Map.of();

  private final AtomicReference<@Nullable EndCause> cancelled = new AtomicReference<>();
  private volatile boolean pauseWanted;

  /** Written before {@link #pauseWanted}. */
  private TenantId pausedFor;

  /**
   * @param positionsMax positions of the model
   * @param blockTokens tokens of a KV block
   * @param nowNs when it was accepted
   */
  public Sequence(
      SequenceRequest request,
      int positionsMax,
      int blockTokens,
      long nowNs,
      SequenceListener listener) {
    this.request = request;
    this.pausedFor = request.tenant();
    this.listener = listener;
    this.lengthMax =
        (int) Math.min(positionsMax, (long) request.promptTokens() + request.outputTokensMax());
    if (request.tokenIds().length > lengthMax - request.operation().outputTokensMin()) {
      throw new IllegalArgumentException("tokenIds: no room in the model's context");
    }
    this.tokens = Arrays.copyOf(request.tokenIds(), lengthMax);
    this.length = request.tokenIds().length;
    this.blocks = new int[(lengthMax + blockTokens - 1) / blockTokens];
    this.acceptedNs = nowNs;
    this.accruedNs = nowNs;
    this.root = request.prefix().map(p -> new Digest(p.root())).orElse(null);
    this.publicPrefix = request.adapter().isPresent() ? null : request.publicPrefix().orElse(null);
    extendDigests(blockTokens);
  }

  /** Ends it within a step; the first cause wins. */
  public void cancel(EndCause why) {
    cancelled.compareAndSet(null, why);
  }

  /**
   * Serves it no more until {@link #resume()}; it keeps its state.
   *
   * @param causedBy whose request takes its place
   */
  public void pause(TenantId causedBy) {
    pausedFor = causedBy;
    pauseWanted = true;
  }

  /** Serves it again. */
  public void resume() {
    pauseWanted = false;
  }

  /** What it is to end with; empty while nobody asked for that. */
  public Optional<EndCause> cancelled() {
    return Optional.ofNullable(cancelled.get());
  }

  /** Ends a sequence that no batch took in, and tells its listener. */
  public void refuse(EndCause why, long nowNs) {
    end(why, nowNs);
    listener.ended(why, usage(nowNs));
  }

  /** Input tokens of its request. */
  public int promptTokens() {
    return request.promptTokens();
  }

  /** Which attempt of which request. */
  public SequenceId id() {
    return request.id();
  }

  /** Whose. */
  public TenantId tenant() {
    return request.tenant();
  }

  /** The state; exact on the step thread only. */
  public SequenceState state() {
    return state;
  }

  /** Whether a step may have rows of it. */
  boolean isServed() {
    return (state == SequenceState.PREFILL || state == SequenceState.DECODE) && unreadySinceNs == 0;
  }

  @Nullable EndCause cancelCause() {
    return cancelled.get();
  }

  boolean pauseWanted() {
    return pauseWanted;
  }

  void moveTo(SequenceState next) {
    if (!state.next().contains(next)) {
      throw new IllegalStateException("a sequence cannot go from " + state + " to " + next);
    }
    state = next;
  }

  void end(EndCause why, long nowNs) {
    moveTo(SequenceState.ENDED);
    cause = why;
    endedNs = nowNs;
  }

  EndCause cause() {
    EndCause why = cause;
    if (why == null) {
      throw new IllegalStateException("the sequence has not ended");
    }
    return why;
  }

  /** Rows that are still to be computed before the next token. */
  int remaining() {
    return length - computed;
  }

  /** Virtual finish tag when so many rows more are served. */
  double finishTag(int more) {
    return request.startTag() + (prefillTokens + outputTokens + more) / request.weight();
  }

  /** Blocks at the beginning that are public. */
  int publicBlocks() {
    return publicPrefix == null ? 0 : publicPrefix.digests().size();
  }

  /** Whose the {@code index}-th block is: nobody's in the public beginning, else the tenant's. */
  TenantId ownerOf(int index) {
    return index < publicBlocks() ? TenantId.PUBLIC : tenant();
  }

  /** The public beginning. */
  PublicPrefix publicPrefix() {
    PublicPrefix prefix = publicPrefix;
    if (prefix == null) {
      throw new IllegalStateException("the sequence has no public beginning");
    }
    return prefix;
  }

  boolean usesPrefixCache() {
    return root != null;
  }

  Digest root() {
    Digest digest = root;
    if (digest == null) {
      throw new IllegalStateException("the sequence has no prefix key");
    }
    return digest;
  }

  /** Digests of the blocks that are full of known tokens. */
  List<Digest> digests() {
    return digests;
  }

  /** Digest of the block before the {@code index}-th. */
  Digest parentOf(int index) {
    return index == 0 ? root() : digests.get(index - 1);
  }

  /** Computes the digests of blocks that became full. */
  void extendDigests(int blockTokens) {
    PrefixDigests prefix = request.prefix().orElse(null);
    if (prefix == null) {
      return;
    }
    while ((digests.size() + 1) * blockTokens <= length) {
      int index = digests.size();
      digests.add(new Digest(prefix.next(parentOf(index).bytes(), tokens, index * blockTokens)));
    }
  }

  /** Charges the blocks held since the last call. To be called before their number changes. */
  void accrue(long nowNs) {
    kvBlockNs += blockCount * Math.max(0, nowNs - accruedNs);
    accruedNs = Math.max(accruedNs, nowNs);
  }

  void addBlock(int block) {
    blocks[blockCount++] = block;
    allocated++;
  }

  void startFrom(int matchedBlocks, int blockTokens) {
    blockCount = matchedBlocks;
    offered = matchedBlocks;
    filled = matchedBlocks;
    computed = matchedBlocks * blockTokens;
    if (!started) {
      cachedPromptTokens = Math.min(computed, request.promptTokens());
    }
  }

  void charge(long shareNs) {
    computeNs += shareNs;
    changed = true;
  }

  void countZeroed(int blocks) {
    zeroed += blocks;
  }

  void countPause() {
    countPreemption(pausedFor);
  }

  void countPreemption(TenantId causedBy) {
    preemptions++;
    Map<TenantId, Integer> more = new HashMap<>(preemptedBy);
    more.merge(causedBy, 1, Integer::sum);
    preemptedBy = Map.copyOf(more);
  }

  void countPrefill(int rows) {
    prefillTokens += rows;
  }

  int cachedPromptTokens() {
    return cachedPromptTokens;
  }

  /** Appends a sampled token, and returns its index in the request's output. */
  int append(int token, long nowNs) {
    int index = length - request.promptTokens();
    tokens[length++] = token;
    if (outputTokens++ == 0) {
      firstTokenNs = nowNs;
    }
    lastTokenNs = nowNs;
    return index;
  }

  boolean stopsAt(int token) {
    for (int stop : request.stopTokenIds()) {
      if (stop == token) {
        return true;
      }
    }
    return false;
  }

  SequenceUsage usage(long nowNs) {
    long until = state == SequenceState.ENDED ? endedNs : nowNs;
    return new SequenceUsage(
        request.promptTokens(),
        cachedPromptTokens,
        prefillTokens,
        outputTokens,
        (outputTokens == 0 ? until : firstTokenNs) - acceptedNs,
        outputTokens == 0 ? 0 : lastTokenNs - firstTokenNs,
        computeNs,
        kvBlockNs,
        allocated,
        zeroed,
        preemptions,
        preemptedBy);
  }
}
