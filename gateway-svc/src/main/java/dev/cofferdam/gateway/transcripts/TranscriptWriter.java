package dev.cofferdam.gateway.transcripts;

import dev.cofferdam.gateway.dispatch.Ending;
import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.PromptStorage;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.facts.AuditFacts;
import dev.cofferdam.gateway.identity.Identity;
import dev.cofferdam.gateway.privacy.Masking;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantId;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Takes transcripts from requests and brings them to the store behind their backs. What waits is
 * bounded; what finds no room, or what the store does not take at the first try, is lost: counted,
 * and told to the audit log by the request's id. Thread-safe.
 */
public final class TranscriptWriter implements PromptStorage {
  /** Transcripts of a tenant that are written in one transaction. */
  private static final int TOGETHER_MAX = 64;

  private final Transcripts store;
  private final AuditFacts facts;
  private final InstantSource clock;
  private final Executor executor;
  private final long waitingCharsMax;
  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
  private long waitingChars;
  private boolean writing;
  private final AtomicLong kept = new AtomicLong();
  private final AtomicLong lost = new AtomicLong();

  private record Waiting(Generation generation, Transcript transcript, long chars) {
    TenantId tenant() {
      return generation.identity().tenant().id();
    }
  }

  /**
   * @param executor where the store is called; one thread at a time
   * @param waitingCharsMax characters of transcripts that may wait
   */
  public TranscriptWriter(
      Transcripts store,
      AuditFacts facts,
      InstantSource clock,
      Executor executor,
      long waitingCharsMax) {
    this.store = store;
    this.facts = facts;
    this.clock = clock;
    this.executor = executor;
    this.waitingCharsMax = waitingCharsMax;
  }

  @Override
  public void keep(Generation generation, Ending ending, String answer) {
    long nowMs = clock.millis();
    long keptMs = generation.identity().tenant().promptStorageSeconds() * 1_000L;
    Transcript transcript =
        new Transcript(
            generation.id(),
            nowMs,
            nowMs + keptMs,
            generation.model().id(),
            generation.adapter().map(a -> a.name()).orElse(""),
            ending.outcome().name().toLowerCase(Locale.ROOT),
            ending.usage().promptTokens(),
            ending.usage().outputTokens(),
            generation.keptInput(),
            answer);
    long chars = answer.length();
    for (var message : transcript.input()) {
      chars += message.content().length();
    }
    if (!queued(new Waiting(generation, transcript, chars))) {
      lost(generation, ErrorCode.NO_CAPACITY);
    }
  }

  private boolean queued(Waiting next) {
    synchronized (waiting) {
      if (waitingChars + next.chars > waitingCharsMax) {
        return false;
      }
      waitingChars += next.chars;
      waiting.add(next);
      if (writing) {
        return true;
      }
      writing = true;
    }
    try {
      executor.execute(this::write);
      return true;
    } catch (RejectedExecutionException e) {
      return false; // the gateway ends; nobody takes what waits any more
    }
  }

  private void write() {
    for (List<Waiting> batch = next(); !batch.isEmpty(); batch = next()) {
      try {
        store.put(batch.getFirst().tenant(), batch.stream().map(TranscriptWriter::masked).toList());
        kept.addAndGet(batch.size());
      } catch (RefusedException e) {
        batch.forEach(one -> lost(one.generation, e.refusal().code()));
      } catch (RuntimeException bug) {
        batch.forEach(one -> lost(one.generation, ErrorCode.INTERNAL));
      }
    }
  }

  /** What waits first, and what else waits of that tenant's; nothing where nothing waits. */
  private List<Waiting> next() {
    List<Waiting> batch = new ArrayList<>();
    synchronized (waiting) {
      Iterator<Waiting> all = waiting.iterator();
      while (all.hasNext() && batch.size() < TOGETHER_MAX) {
        Waiting one = all.next();
        if (batch.isEmpty() || one.tenant().equals(batch.getFirst().tenant())) {
          all.remove();
          waitingChars -= one.chars;
          batch.add(one);
        }
      }
      writing = !batch.isEmpty();
    }
    return batch;
  }

  /**
   * The input was masked before the model saw it; what the model makes up itself is masked here.
   */
  private static Transcript masked(Waiting one) {
    Transcript t = one.transcript;
    return new Transcript(
        t.id(),
        t.createdEpochMs(),
        t.expiresEpochMs(),
        t.model(),
        t.adapter(),
        t.outcome(),
        t.promptTokens(),
        t.outputTokens(),
        t.input(),
        Masking.masked(one.generation.identity().tenant().privacy(), t.answer()));
  }

  private void lost(Generation generation, ErrorCode code) {
    lost.incrementAndGet();
    Identity identity = generation.identity();
    try {
      facts.record(
          new AuditFact(
              Optional.of(generation.id()),
              identity.tenant().id().value(),
              identity.tenant().tier().label(),
              identity.actor(),
              generation.sourceIp(),
              "store_request",
              AuditFact.Severity.WARNING,
              AuditFact.Outcome.FAILED,
              code.wireName(),
              "the request was answered, and is not kept",
              Optional.empty()));
    } catch (RefusedException e) {
      // It is counted here all the same, and the publisher counts what it could not keep.
    }
  }

  /** Transcripts that were kept. */
  public long kept() {
    return kept.get();
  }

  /** Transcripts that were lost. */
  public long lost() {
    return lost.get();
  }
}
