package dev.cofferdam.gateway.dispatch;

import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.prompt.OutputText;
import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.gateway.quota.Used;
import dev.cofferdam.gateway.tenancy.AdapterEntry;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.Tier;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The course of one request: events in, effects out; no clock, no thread, no I/O. It ends exactly
 * once, with one {@code Record}, one {@code Settle} if it was admitted, and one last {@code Tell}
 * unless the client went away. Events that come late (after the end, or of a call that was ended)
 * lead to nothing, but for an admission, which is settled with nothing used.
 *
 * <pre>
 * NEW → ADMITTING (→ RECALLING) → PLACING ⇄ PAUSED
 *                                   ⇅
 *                                SERVING            and from each of them → ENDED
 * </pre>
 *
 * One writer; not thread-safe.
 */
public final class Course {
  /** Workers that a request is tried on. */
  static final int ATTEMPTS_MAX = 3;

  /** Workers that a request may break before it counts as poison. */
  static final int BROKEN_MAX = 2;

  /** Characters of an answer that is kept to be given again. */
  private static final int KEPT_MAX = 1 << 16;

  /** Placements that are tried again in vain before the request is given up. */
  private static final int PAUSES_MAX = 5;

  private static final long PAUSE_MS = 100;

  private enum State {
    NEW,
    ADMITTING,
    RECALLING,
    PLACING,
    PAUSED,
    SERVING,
    ENDED
  }

  private final Generation generation;
  private final long beganMs;
  private final OutputText output;
  private final ArrayDeque<Scored> unreleased = new ArrayDeque<>();
  private final List<String> excluded = new ArrayList<>();
  private final List<Effect> effects = new ArrayList<>();
  private final StringBuilder kept = new StringBuilder();
  private State state = State.NEW;
  private boolean leaseHeld;
  private int attempts;

  /** Workers that failed or died while they served it. */
  private final List<String> broken = new ArrayList<>();

  /** Whether the worker of this attempt has begun. */
  private boolean begun;

  private int pauses;
  private int[] tokens;
  private int generated;
  private int generatedBefore;
  private int cachedPromptTokens;
  private Optional<float[]> embedding = Optional.empty();
  private boolean promptServed;
  private Optional<ResponseCache.Match> recalled = Optional.empty();

  /** Tokens of the question whose embedding was asked for. */
  private int questionTokens;

  private Optional<float[]> questionEmbedding = Optional.empty();
  private long queueWaitMs;
  private long ttftMs = -1;
  private long kvBlocksAllocated;
  private long kvBlocksZeroed;
  private boolean kvEncrypted = true;
  private Optional<Placement> placement = Optional.empty();
  private Optional<LimitState> limits = Optional.empty();

  private record Scored(int index, TokenScores scores) {}

  public Course(Generation generation, long nowMs) {
    this.generation = generation;
    this.beganMs = nowMs;
    this.output = generation.format().output(generation.stops());
    this.tokens = generation.promptTokens();
  }

  /** Takes an event and says what is to be done, in order. */
  public List<Effect> step(Event event, long nowMs) {
    switch (event) {
      case Event.Begin begin when state == State.NEW -> begin(begin, nowMs);
      case Event.Admitted admitted -> admitted(admitted, nowMs);
      case Event.NotAdmitted refused when state == State.ADMITTING -> {
        limits = Optional.of(refused.limits());
        fail(AuditFact.Outcome.REFUSED, refused.refusal(), nowMs);
      }
      case Event.Recalled search when state == State.RECALLING -> recalled(search.found(), nowMs);
      case Event.Queued queued when state == State.PLACING && generated == 0 ->
          tell(new Told.Waiting(queued.position(), queued.expectedWaitMs()));
      case Event.Placed placed when state == State.PLACING -> placed(placed.placement());
      case Event.PlacementRefused refused when state == State.PLACING ->
          placementRefused(refused.refusal(), nowMs);
      case Event.RoutersUnreachable unused when state == State.PLACING ->
          pauseOrFail(
              Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "no router can be reached"), nowMs);
      case Event.Awake unused when state == State.PAUSED -> place();
      case Event.WorkerStarted started when state == State.SERVING -> started(started);
      case Event.Tokens tokens when state == State.SERVING -> tokens(tokens, nowMs);
      case Event.Embedded embedded when state == State.SERVING ->
          embedding = Optional.of(embedded.values());
      case Event.WorkerFinished finished when state == State.SERVING -> finished(finished, nowMs);
      case Event.WorkerFailed failed when state == State.SERVING -> workerFailed(failed, nowMs);
      case Event.ClientGone unused when state != State.ENDED -> clientGone(nowMs);
      case Event.ClientStalled unused when state != State.ENDED ->
          fail(
              AuditFact.Outcome.CANCELLED,
              Refusal.of(ErrorCode.CANCELLED, "the client did not read its answer"),
              nowMs);
      case Event.DeadlinePassed unused when state != State.ENDED ->
          fail(AuditFact.Outcome.FAILED, deadlinePassed(), nowMs);
      case Event.Broken unused when state != State.ENDED ->
          fail(AuditFact.Outcome.FAILED, Refusal.of(ErrorCode.INTERNAL, "internal error"), nowMs);
      default -> {
        // Late, of a call that was ended: nothing is left to be done.
      }
    }
    List<Effect> result = List.copyOf(effects);
    effects.clear();
    return result;
  }

  /** Whether the request has ended. */
  public boolean ended() {
    return state == State.ENDED;
  }

  private void begin(Event.Begin begin, long nowMs) {
    if (!begin.auditAccepting() && generation.identity().tenant().tier() == Tier.ENTERPRISE) {
      fail(
          AuditFact.Outcome.REFUSED,
          Refusal.of(ErrorCode.AUDIT_UNAVAILABLE, "audit records cannot be kept right now"),
          nowMs);
      return;
    }
    state = State.ADMITTING;
    effects.add(new Effect.Admit());
  }

  private void admitted(Event.Admitted admitted, long nowMs) {
    if (state != State.ADMITTING) {
      effects.add(new Effect.Settle(Used.NOTHING));
      return;
    }
    leaseHeld = true;
    limits = Optional.of(admitted.limits());
    tell(new Told.Accepted(admitted.limits()));
    if (generation.deadlineEpochMs() <= nowMs) {
      fail(AuditFact.Outcome.FAILED, deadlinePassed(), nowMs);
    } else if (generation.recallable()) {
      state = State.RECALLING;
      questionTokens = generation.questionTokens();
      effects.add(new Effect.Recall());
    } else {
      place();
    }
  }

  private void recalled(ResponseCache.Found found, long nowMs) {
    switch (found) {
      case ResponseCache.Found.Answer answer -> again(answer, nowMs);
      case ResponseCache.Found.Nothing nothing -> {
        questionEmbedding = nothing.embedding();
        questionTokens = questionEmbedding.isPresent() ? questionTokens : 0;
        place();
      }
    }
  }

  /** Needs no worker; of the limits' tokens it uses those of a question that was embedded. */
  private void again(ResponseCache.Found.Answer answer, long nowMs) {
    recalled = Optional.of(answer.match());
    if (answer.match() == ResponseCache.Match.EXACT) {
      questionTokens = 0;
    }
    tell(new Told.Recalled(answer.match()));
    ResponseCache.Response response = answer.response();
    if (!response.text().isEmpty()) {
      ttftMs = nowMs - beganMs;
      tell(new Told.Text(response.text(), response.outputTokens(), List.of()));
    }
    int prompt = generation.promptTokens().length;
    tell(
        new Told.Finished(
            response.reason(),
            new Told.Usage(prompt, prompt, response.outputTokens()),
            Optional.empty()));
    end(AuditFact.Outcome.COMPLETED, Optional.empty(), nowMs);
  }

  private void place() {
    state = State.PLACING;
    effects.add(new Effect.Place(attempts + 1, tokensSoFar(), generated, List.copyOf(excluded)));
  }

  private void placed(Placement granted) {
    state = State.SERVING;
    attempts++;
    begun = false;
    embedding = Optional.empty();
    pauses = 0;
    placement = Optional.of(granted);
    queueWaitMs += granted.queueWaitMs();
    generatedBefore = generated;
    effects.add(new Effect.Generate(attempts, granted, tokensSoFar()));
  }

  private void placementRefused(Refusal refusal, long nowMs) {
    if (attempts == 0) {
      fail(AuditFact.Outcome.REFUSED, refusal, nowMs);
      return;
    }
    if (!refusal.code().retryable()) {
      fail(AuditFact.Outcome.FAILED, refusal, nowMs);
      return;
    }
    // Nobody else can take it now: a worker that failed may be back, as another incarnation.
    excluded.clear();
    pauseOrFail(lost(), nowMs);
  }

  private void pauseOrFail(Refusal refusal, long nowMs) {
    if (pauses == PAUSES_MAX) {
      fail(AuditFact.Outcome.FAILED, attempts > 0 ? lost() : refusal, nowMs);
      return;
    }
    state = State.PAUSED;
    effects.add(new Effect.Wake(PAUSE_MS << pauses));
    pauses++;
  }

  private void started(Event.WorkerStarted started) {
    begun = true;
    kvEncrypted &= started.kvEncrypted();
    if (!promptServed) {
      promptServed = true;
      cachedPromptTokens = started.cachedPromptTokens();
    }
  }

  private void tokens(Event.Tokens event, long nowMs) {
    if (event.firstIndex() > generated
        || event.firstIndex() < 0
        || generation.operation() == Operation.EMBED) {
      fail(
          AuditFact.Outcome.FAILED,
          Refusal.of(ErrorCode.INTERNAL, "the worker sent other output than was due"),
          nowMs);
      return;
    }
    promptServed = true;
    StringBuilder text = new StringBuilder();
    int completed = 0;
    boolean stopped = false;
    for (int i = generated - event.firstIndex(); i < event.tokens().length && !stopped; i++) {
      int token = event.tokens()[i];
      if (i < event.scores().size() && !generation.format().tokenizer().isSpecial(token)) {
        unreleased.add(new Scored(generated, event.scores().get(i)));
      }
      append(token);
      OutputText.Piece piece = output.accept(token);
      text.append(piece.text());
      completed = piece.completedTokens();
      stopped = piece.stopped();
    }
    emit(text.toString(), completed, nowMs);
    if (stopped) {
      effects.add(new Effect.FinishWorker(generated - generatedBefore));
      kvBlocksUnknown();
      complete(Told.Reason.STOP, nowMs);
    }
  }

  private int[] tokensSoFar() {
    return Arrays.copyOf(tokens, generation.promptTokens().length + generated);
  }

  private void append(int token) {
    int length = generation.promptTokens().length + generated;
    if (length == tokens.length) {
      tokens = Arrays.copyOf(tokens, Math.max(64, 2 * length));
    }
    tokens[length] = token;
    generated++;
  }

  private void emit(String text, int completed, long nowMs) {
    List<TokenScores> scores = new ArrayList<>();
    while (!unreleased.isEmpty() && unreleased.peek().index() < completed) {
      scores.add(unreleased.poll().scores());
    }
    if (text.isEmpty() && scores.isEmpty()) {
      return;
    }
    if (ttftMs < 0) {
      ttftMs = nowMs - beganMs;
    }
    if (generation.recallable() && kept.length() <= KEPT_MAX) {
      kept.append(text);
    }
    tell(new Told.Text(text, output.tokens(), scores));
  }

  private void finished(Event.WorkerFinished event, long nowMs) {
    if (kvBlocksAllocated >= 0) {
      kvBlocksAllocated += event.usage().kvBlocksAllocated();
      kvBlocksZeroed += event.usage().kvBlocksZeroed();
    }
    if (generation.operation() == Operation.EMBED) {
      embedded(nowMs);
      return;
    }
    OutputText.Piece rest = output.end();
    emit(rest.text(), rest.completedTokens(), nowMs);
    if (generation.settles()) {
      effects.add(new Effect.FinishWorker(generated - generatedBefore));
    }
    complete(event.stopToken() ? Told.Reason.STOP : Told.Reason.LENGTH, nowMs);
  }

  /** Told at the end only, so that a worker that is lost before it leaves nothing behind. */
  private void embedded(long nowMs) {
    if (embedding.isEmpty()) {
      fail(
          AuditFact.Outcome.FAILED,
          Refusal.of(ErrorCode.INTERNAL, "the worker sent no embedding"),
          nowMs);
      return;
    }
    promptServed = true;
    ttftMs = nowMs - beganMs;
    tell(new Told.Embedding(embedding.get()));
    tell(new Told.Finished(Told.Reason.STOP, usage(), Optional.empty()));
    end(AuditFact.Outcome.COMPLETED, Optional.empty(), nowMs);
  }

  private void workerFailed(Event.WorkerFailed failed, long nowMs) {
    kvBlocksUnknown();
    Optional<Told.Reason> done = alreadyDone();
    if (done.isPresent()) {
      OutputText.Piece rest = output.end();
      emit(rest.text(), rest.completedTokens(), nowMs);
      complete(done.get(), nowMs);
      return;
    }
    if (!failed.elsewhere()) {
      fail(AuditFact.Outcome.FAILED, failed.refusal(), nowMs);
      return;
    }
    if (begun && failed.broken()) {
      placement.ifPresent(p -> broken.add(p.workerId()));
      if (broken.size() >= BROKEN_MAX) {
        effects.add(new Effect.DeadLetter(List.copyOf(broken)));
        String message = "workers failed or died of this request; it is not tried again";
        fail(AuditFact.Outcome.FAILED, Refusal.of(ErrorCode.POISON_REQUEST, message), nowMs);
        return;
      }
    }
    if (attempts >= ATTEMPTS_MAX) {
      fail(AuditFact.Outcome.FAILED, lost(), nowMs);
      return;
    }
    placement.ifPresent(p -> excluded.add(p.workerId()));
    place();
  }

  /** The worker was lost after its last token and before it said so. */
  private Optional<Told.Reason> alreadyDone() {
    if (generated == 0) {
      return Optional.empty();
    }
    int last = tokens[generation.promptTokens().length + generated - 1];
    if (generation.format().stopTokenIds().contains(last)) {
      return Optional.of(Told.Reason.STOP);
    }
    return generated >= generation.outputTokensMax()
        ? Optional.of(Told.Reason.LENGTH)
        : Optional.empty();
  }

  private void clientGone(long nowMs) {
    stopCalls();
    end(AuditFact.Outcome.CANCELLED, Optional.of(ErrorCode.CANCELLED), nowMs);
  }

  private void complete(Told.Reason reason, long nowMs) {
    // A kept answer does not say which stop text ended it.
    boolean whole = output.stopMet().isEmpty() && kept.length() <= KEPT_MAX;
    if (generation.recallable() && whole && servedAsCatalogued()) {
      effects.add(
          new Effect.Keep(
              new ResponseCache.Response(kept.toString(), generated, reason), questionEmbedding));
    }
    tell(new Told.Finished(reason, usage(), output.stopMet()));
    end(AuditFact.Outcome.COMPLETED, Optional.empty(), nowMs);
  }

  /** Whether the adapter that answered is the version that the answer is kept under. */
  private boolean servedAsCatalogued() {
    String version = generation.adapter().map(AdapterEntry::version).orElse("");
    return placement.map(p -> p.adapterVersion().equals(version)).orElse(false);
  }

  private void fail(AuditFact.Outcome outcome, Refusal refusal, long nowMs) {
    stopCalls();
    tell(new Told.Failed(refusal, limits));
    end(outcome, Optional.of(refusal.code()), nowMs);
  }

  private void stopCalls() {
    if (state == State.PLACING) {
      effects.add(new Effect.StopPlacing());
    } else if (state == State.SERVING) {
      effects.add(new Effect.StopWorker());
      kvBlocksUnknown();
    }
  }

  private void end(AuditFact.Outcome outcome, Optional<ErrorCode> code, long nowMs) {
    state = State.ENDED;
    Told.Usage usage = usage();
    if (leaseHeld) {
      leaseHeld = false;
      effects.add(
          new Effect.Settle(
              new Used(
                  usage.promptTokens() + questionTokens,
                  usage.cachedPromptTokens(),
                  usage.outputTokens())));
    }
    effects.add(
        new Effect.Record(
            new Ending(
                outcome,
                code,
                placement,
                attempts,
                usage,
                queueWaitMs,
                ttftMs,
                nowMs - beganMs,
                kvBlocksAllocated,
                kvBlocksZeroed,
                promptServed && kvEncrypted,
                recalled,
                limits)));
  }

  private Told.Usage usage() {
    return promptServed
        ? new Told.Usage(generation.promptTokens().length, cachedPromptTokens, generated)
        : new Told.Usage(0, 0, 0);
  }

  private void kvBlocksUnknown() {
    kvBlocksAllocated = -1;
    kvBlocksZeroed = -1;
  }

  private static Refusal lost() {
    return Refusal.of(
        ErrorCode.WORKER_LOST, "the worker was lost and no other could continue the request");
  }

  private static Refusal deadlinePassed() {
    return Refusal.of(ErrorCode.DEADLINE_EXCEEDED, "the request's deadline passed");
  }

  private void tell(Told told) {
    effects.add(new Effect.Tell(told));
  }
}
