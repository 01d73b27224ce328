package dev.cofferdam.gateway.dispatch;

import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.facts.ContentHash;
import dev.cofferdam.gateway.facts.DeadLetter;
import dev.cofferdam.gateway.privacy.Unmasking;
import dev.cofferdam.gateway.quota.Admission;
import dev.cofferdam.gateway.quota.Lease;
import dev.cofferdam.gateway.quota.Reservation;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantProfile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Performs one request's {@link Course}. All of it runs in one mailbox, so nothing here is locked.
 * Owns the limiter's lease from its admission until it is settled.
 */
public final class Dispatch {
  /** Messages that a worker may send ahead of what was passed on. */
  private static final int PREFETCH = 2;

  private final Dispatcher ports;
  private final Generation generation;
  private final Client client;
  private final Mailbox mailbox;
  private final Executor disk;
  private final Course course;
  private final ContentHash response;
  private final Unmasking unmasking;

  /** The answer so far, where the tenant wants it kept; bounded by the output's bound. */
  private final StringBuilder kept = new StringBuilder();

  private @Nullable Runnable placing;
  private Workers.@Nullable Call worker;
  private @Nullable Lease lease;
  private @Nullable Future<?> deadline;
  private @Nullable Future<?> recalling;

  /** Runs while the worker waits for the client. */
  private @Nullable Future<?> stalled;

  private int calls;
  private int owed;

  Dispatch(Dispatcher ports, Generation generation, Client client, Threads threads) {
    this.ports = ports;
    this.generation = generation;
    this.client = client;
    this.mailbox = new Mailbox(threads.turns());
    this.disk = threads.disk();
    this.course = new Course(generation, ports.clock().millis());
    this.unmasking = new Unmasking(generation.masking());
    this.response = ports.facts().contentHash(generation.identity().tenant().id());
  }

  void begin() {
    long waitMs = Math.max(0, generation.deadlineEpochMs() - ports.clock().millis());
    deadline =
        ports
            .timer()
            .schedule(() -> post(new Event.DeadlinePassed()), waitMs, TimeUnit.MILLISECONDS);
    post(new Event.Begin(ports.facts().accepting()));
  }

  /** The client went away. */
  public void cancel() {
    post(new Event.ClientGone());
  }

  /** The client can take more. */
  public void writable() {
    mailbox.execute(this::requestOwed);
  }

  private void post(Event event) {
    mailbox.execute(() -> take(event));
  }

  private void take(Event event) {
    try {
      List<Effect> effects = course.step(event, ports.clock().millis());
      // The client is told last what ends the request's span: what the span says comes first.
      for (Effect effect : effects) {
        if (effect instanceof Effect.Record(Ending ending)) {
          observe(ending);
        }
      }
      for (Effect effect : effects) {
        performGuarded(effect);
      }
    } catch (RuntimeException bug) {
      broken(bug);
    }
  }

  private void observe(Ending ending) {
    try {
      ports.observer().ended(generation, ending);
    } catch (RuntimeException bug) {
      ports.observer().broken(generation, bug);
    }
  }

  private void performGuarded(Effect effect) {
    try {
      perform(effect);
    } catch (RuntimeException bug) {
      broken(bug);
    }
  }

  private void broken(RuntimeException bug) {
    ports.observer().broken(generation, bug);
    if (!course.ended()) {
      post(new Event.Broken());
    }
  }

  private void perform(Effect effect) {
    switch (effect) {
      case Effect.Admit unused -> admit();
      case Effect.Recall unused -> recall();
      case Effect.Keep keep ->
          ports.responses().keep(generation, keep.response(), keep.embedding());
      case Effect.Settle settle -> settle(settle);
      case Effect.Place place -> place(place);
      case Effect.StopPlacing unused -> stopPlacing();
      case Effect.Generate generate -> generate(generate);
      case Effect.StopWorker unused -> endCall(Workers.Call::cancel);
      case Effect.FinishWorker finish -> endCall(call -> call.finish(finish.outputTokens()));
      case Effect.Tell tell -> tell(tell.told());
      case Effect.DeadLetter letter -> onDisk(() -> deadLetter(letter));
      case Effect.Wake wake -> wake(wake);
      case Effect.Record end -> record(end.ending());
    }
  }

  private void admit() {
    ports
        .limiter()
        .admit(
            new Reservation(
                generation.id(),
                generation.identity().tenant(),
                generation.model().id(),
                generation.inputTokensMax(),
                generation.outputTokensMax()))
        .whenComplete((admission, bug) -> mailbox.execute(() -> decided(admission, bug)));
  }

  private void decided(@Nullable Admission admission, @Nullable Throwable bug) {
    switch (admission) {
      case Admission.Granted granted -> {
        lease = granted.lease();
        take(new Event.Admitted(granted.state()));
      }
      case Admission.Refused refused ->
          take(new Event.NotAdmitted(refused.refusal(), refused.state()));
      case null -> broken(new IllegalStateException("the limiter failed", bug));
    }
  }

  private void recall() {
    CompletableFuture<ResponseCache.Found> search = ports.responses().find(generation);
    recalling = search;
    var unused =
        search.whenComplete(
            (found, bug) ->
                post(
                    new Event.Recalled(
                        bug == null ? found : new ResponseCache.Found.Nothing(Optional.empty()))));
  }

  private void settle(Effect.Settle settle) {
    Lease held = lease;
    lease = null;
    if (held != null) {
      var unused =
          ports
              .limiter()
              .settle(held, settle.used())
              .exceptionally(
                  bug -> {
                    ports.observer().broken(generation, bug);
                    return null;
                  });
    }
  }

  private void place(Effect.Place place) {
    Consumer<Event> listener = current();
    placing =
        ports
            .placements()
            .place(
                new Placements.Ask(
                    generation,
                    place.attempt(),
                    place.generated(),
                    ports.prefixes().digests(generation, place.tokens()),
                    place.excluded()),
                listener);
  }

  private void stopPlacing() {
    Runnable stop = placing;
    placing = null;
    calls++;
    if (stop != null) {
      stop.run();
    }
  }

  private void generate(Effect.Generate generate) {
    placing = null;
    owed = 0;
    Consumer<Event> listener = current();
    Workers.Call call =
        ports
            .workers()
            .generate(
                new Workers.Ask(
                    generation,
                    generate.attempt(),
                    generate.placement(),
                    generate.tokens(),
                    ports.prefixes().key(generation)),
                listener);
    worker = call;
    call.request(PREFETCH);
  }

  private void endCall(Consumer<Workers.Call> how) {
    Workers.Call call = worker;
    worker = null;
    calls++;
    if (call != null) {
      how.accept(call);
    }
  }

  /** A listener whose events count until another call takes its place. */
  private Consumer<Event> current() {
    int call = ++calls;
    return event ->
        mailbox.execute(
            () -> {
              if (call == calls) {
                take(event);
                if (event instanceof Event.Tokens || event instanceof Event.WorkerStarted) {
                  owed++;
                  requestOwed();
                }
              }
            });
  }

  /** Asks the worker for as many messages as were passed on, once the client can take them. */
  private void requestOwed() {
    Workers.Call call = worker;
    if (call == null || owed == 0 || course.ended()) {
      return;
    }
    if (client.ready()) {
      reads();
      int messages = owed;
      owed = 0;
      call.request(messages);
    } else if (stalled == null) {
      stalled =
          ports
              .timer()
              .schedule(
                  () -> mailbox.execute(this::stalled), ports.stallMsMax(), TimeUnit.MILLISECONDS);
    }
  }

  private void reads() {
    Future<?> timer = stalled;
    stalled = null;
    if (timer != null) {
      timer.cancel(false);
    }
  }

  private void stalled() {
    if (stalled != null && !client.ready()) {
      take(new Event.ClientStalled());
    }
  }

  private void tell(Told told) {
    switch (told) {
      case Told.Text text -> {
        if (generation.kept()) {
          kept.append(text.text());
        }
        tell(text, unmasking.accept(text.text()));
      }
      case Told.Finished finished -> {
        String rest = unmasking.end();
        if (!rest.isEmpty()) {
          tell(new Told.Text("", finished.usage().outputTokens(), List.of()), rest);
        }
        client.tell(
            new Told.Finished(
                finished.reason(), finished.usage(), finished.stopText().map(this::restored)));
      }
      case Told.Embedding embedding -> {
        response.update(bytes(embedding.values()), 0, embedding.values().length * Float.BYTES);
        client.tell(embedding);
      }
      default -> client.tell(told);
    }
  }

  private static byte[] bytes(float[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
    bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
    return bytes.array();
  }

  /** A text that stands for itself, with the caller's own values. */
  private String restored(String text) {
    Unmasking alone = new Unmasking(generation.masking());
    return alone.accept(text) + alone.end();
  }

  private void tell(Told.Text told, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    response.update(bytes, 0, bytes.length);
    if (!text.isEmpty() || !told.scores().isEmpty()) {
      client.tell(new Told.Text(text, told.outputTokens(), told.scores()));
    }
  }

  private void wake(Effect.Wake wake) {
    var unused =
        ports
            .timer()
            .schedule(() -> post(new Event.Awake()), wake.afterMs(), TimeUnit.MILLISECONDS);
  }

  private void deadLetter(Effect.DeadLetter letter) {
    try {
      ports
          .facts()
          .deadLetter(
              new DeadLetter(
                  generation.id(),
                  generation.identity().tenant().id(),
                  generation.model().id(),
                  generation.adapter().map(a -> a.name()).orElse(""),
                  letter.workerIds(),
                  generation.promptTokens().length,
                  generation.promptHmac()));
    } catch (RefusedException e) {
      ports.observer().auditLost(generation);
    }
  }

  private void record(Ending ending) {
    reads();
    cancel(deadline);
    cancel(recalling);
    AuditFact fact = fact(ending);
    onDisk(() -> keep(fact));
    if (generation.kept() && !isRefused(ending)) {
      ports.storage().keep(generation, ending, kept.toString());
    }
  }

  private static void cancel(@Nullable Future<?> task) {
    if (task != null) {
      task.cancel(false);
    }
  }

  /** Elsewhere while there is an elsewhere: a gateway that ends loses no fact. */
  private void onDisk(Runnable task) {
    try {
      disk.execute(task);
    } catch (RejectedExecutionException ending) {
      task.run();
    }
  }

  private void keep(AuditFact fact) {
    try {
      ports.facts().record(fact);
    } catch (RefusedException e) {
      ports.observer().auditLost(generation);
    } catch (RuntimeException bug) {
      ports.observer().broken(generation, bug);
    }
  }

  private static boolean isRefused(Ending ending) {
    return ending.outcome() == AuditFact.Outcome.REFUSED;
  }

  private AuditFact fact(Ending ending) {
    TenantProfile tenant = generation.identity().tenant();
    return new AuditFact(
        Optional.of(generation.id()),
        tenant.id().value(),
        tenant.tier().label(),
        generation.identity().actor(),
        generation.sourceIp(),
        generation.operation().label(),
        ending.outcome() == AuditFact.Outcome.COMPLETED
                || ending.outcome() == AuditFact.Outcome.CANCELLED
            ? AuditFact.Severity.INFO
            : AuditFact.Severity.WARNING,
        ending.outcome(),
        ending.code().map(code -> code.wireName()).orElse(""),
        ending.recalled().map(ResponseCache.Match::detail).orElse(""),
        Optional.of(details(ending)));
  }

  private AuditFact.Generation details(Ending ending) {
    return new AuditFact.Generation(
        generation.model().id(),
        generation.adapter().map(a -> a.name()).orElse(""),
        ending.placement().map(Placement::adapterVersion).orElse(""),
        ending.placement().map(Placement::workerId).orElse(""),
        ending.placement().map(Placement::pool).orElse(""),
        ending.attempts(),
        ending.explanation(),
        ending.usage().promptTokens(),
        ending.usage().cachedPromptTokens(),
        ending.usage().outputTokens(),
        ending.queueWaitMs(),
        ending.ttftMs(),
        ending.latencyMs(),
        ending.kvBlocksAllocated(),
        ending.kvBlocksZeroed(),
        ending.kvEncrypted(),
        ending.limits().map(l -> l.remainingTokens()).orElse(-1L),
        ending.limits().map(l -> l.remainingRequests()).orElse(-1L),
        generation.promptHmac(),
        response.digest(),
        generation.masking().counts());
  }
}
