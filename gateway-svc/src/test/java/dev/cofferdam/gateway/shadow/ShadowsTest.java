package dev.cofferdam.gateway.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.dispatch.AttemptUsage;
import dev.cofferdam.gateway.dispatch.Dispatcher;
import dev.cofferdam.gateway.dispatch.Ending;
import dev.cofferdam.gateway.dispatch.Event;
import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.Placements;
import dev.cofferdam.gateway.dispatch.PrefixNames;
import dev.cofferdam.gateway.dispatch.PromptStorage;
import dev.cofferdam.gateway.dispatch.RequestObserver;
import dev.cofferdam.gateway.dispatch.ResponseCache;
import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.dispatch.Workers;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.facts.RecordedFacts;
import dev.cofferdam.gateway.quota.Admission;
import dev.cofferdam.gateway.quota.Lease;
import dev.cofferdam.gateway.quota.Limiter;
import dev.cofferdam.gateway.quota.Reservation;
import dev.cofferdam.gateway.quota.Used;
import dev.cofferdam.gateway.tenancy.ModelEntry;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.Tier;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ShadowsTest {
  private static final ModelEntry NEXT =
      new ModelEntry("next", "next", "e".repeat(64), 8_192, 1_536, true, 1_700_000_000L);
  private final List<Comparison> compared = new ArrayList<>();
  private final Shadows shadows = new Shadows(1, compared::add);
  private final RecordedFacts facts = new RecordedFacts();
  private final List<Placements.Ask> placed = new ArrayList<>();
  private final List<Consumer<Event>> served = new ArrayList<>();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

  @BeforeEach
  void start() {
    shadows.through(
        new Dispatcher(
            new Untouched(),
            (ask, listener) -> {
              placed.add(ask);
              listener.accept(new Event.Placed(Samples.placement("w")));
              return () -> {};
            },
            ResponseCache.NONE,
            PromptStorage.NONE,
            this::serve,
            facts,
            new PrefixNames(new byte[32], 16),
            timer,
            Runnable::run,
            InstantSource.system(),
            new NoObserver(),
            1_000));
  }

  @AfterEach
  void stop() {
    timer.shutdownNow();
  }

  private Workers.Call serve(Workers.Ask ask, Consumer<Event> listener) {
    served.add(listener);
    return new Workers.Call() {
      @Override
      public void request(int messages) {}

      @Override
      public void cancel() {}

      @Override
      public void finish(int outputTokens) {}
    };
  }

  private void finish(int shadow) {
    Consumer<Event> listener = served.get(shadow);
    listener.accept(new Event.WorkerStarted(0, false));
    listener.accept(new Event.Tokens(0, Samples.tokens("On its way."), List.of()));
    listener.accept(new Event.WorkerFinished(true, new AttemptUsage(1, 1)));
  }

  private static Generation shadowOf(Generation g) {
    return new Generation(
        Operation.SHADOW,
        RequestId.random(),
        g.identity(),
        g.sourceIp(),
        NEXT,
        g.adapter(),
        g.format(),
        g.promptTokens(),
        g.promptHmac(),
        List.of(),
        List.of(),
        g.masking(),
        g.sampling(),
        g.outputTokensMax(),
        g.stops(),
        g.workloadClass(),
        g.deadlineEpochMs(),
        Optional.empty());
  }

  private static Ending ending(AuditFact.Outcome outcome, boolean recalled) {
    return new Ending(
        outcome,
        Optional.empty(),
        Optional.empty(),
        1,
        new Told.Usage(5, 0, 7),
        1,
        20,
        90,
        1,
        1,
        false,
        recalled ? Optional.of(ResponseCache.Match.values()[0]) : Optional.empty(),
        Optional.empty());
  }

  private Generation follow() {
    Generation request = Samples.generation(Tier.STANDARD, 100);
    shadows.follow(request.id(), shadowOf(request));
    return request;
  }

  @Test
  void anAnsweredRequestIsFollowedByItsShadowWhichNoLimitCountsAndNobodyGets() {
    Generation request = follow();
    assertThat(placed).as("not before it is answered").isEmpty();
    shadows.ended(request, ending(AuditFact.Outcome.COMPLETED, false));
    shadows.ended(request, ending(AuditFact.Outcome.COMPLETED, false));
    assertThat(placed).hasSize(1);
    assertThat(placed.getFirst().generation().operation()).isEqualTo(Operation.SHADOW);
    assertThat(placed.getFirst().generation().id()).isNotEqualTo(request.id());
    finish(0);
    assertThat(compared).hasSize(1);
    Comparison comparison = compared.getFirst();
    assertThat(comparison.model()).isEqualTo("support-desk");
    assertThat(comparison.shadowModel()).isEqualTo("next");
    assertThat(comparison.answered().usage().outputTokens()).isEqualTo(7);
    assertThat(comparison.shadow().outcome()).isEqualTo(AuditFact.Outcome.COMPLETED);
    assertThat(comparison.shadow().usage().outputTokens()).isPositive();
    assertThat(facts.last().operation()).isEqualTo("shadow");
  }

  @Test
  void whatWasNotAnsweredByAWorkerHasNoShadow() {
    shadows.ended(follow(), ending(AuditFact.Outcome.REFUSED, false));
    shadows.ended(follow(), ending(AuditFact.Outcome.CANCELLED, false));
    shadows.ended(follow(), ending(AuditFact.Outcome.FAILED, false));
    shadows.ended(follow(), ending(AuditFact.Outcome.COMPLETED, true));
    shadows.ended(
        Samples.generation(Tier.STANDARD, 100), ending(AuditFact.Outcome.COMPLETED, false));
    assertThat(placed).isEmpty();
  }

  @Test
  void noMoreRunThanMayAndTheNextMayWhenOneHasEnded() {
    Ending answered = ending(AuditFact.Outcome.COMPLETED, false);
    shadows.ended(follow(), answered);
    shadows.ended(follow(), answered);
    assertThat(placed).hasSize(1);
    Refusal broken = Refusal.of(ErrorCode.BAD_ADAPTER, "broken");
    served.getFirst().accept(new Event.WorkerFailed(broken, false));
    assertThat(compared.getFirst().shadow().outcome()).isNotEqualTo(AuditFact.Outcome.COMPLETED);
    shadows.ended(follow(), answered);
    assertThat(placed).hasSize(2);
  }

  @Test
  void ofRequestsThatNeverEndOnlyTheLatestAreRemembered() {
    Generation first = follow();
    for (int i = 0; i < 256; i++) {
      follow();
    }
    shadows.ended(first, ending(AuditFact.Outcome.COMPLETED, false));
    assertThat(placed).isEmpty();
  }

  /** The limits of the gateway, which shadows must not touch. */
  private static final class Untouched implements Limiter {
    @Override
    public CompletionStage<Admission> admit(Reservation reservation) {
      throw new AssertionError("a limit was asked");
    }

    @Override
    public CompletionStage<Void> settle(Lease lease, Used used) {
      throw new AssertionError("a limit was settled");
    }
  }

  private static final class NoObserver implements RequestObserver {
    @Override
    public void ended(Generation generation, Ending ending) {
      throw new AssertionError("counted as a tenant's request");
    }

    @Override
    public void auditLost(Generation generation) {}

    @Override
    public void broken(Generation generation, Throwable bug) {
      throw new AssertionError(bug);
    }
  }
}
