package dev.cofferdam.gateway.transcripts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.dispatch.Ending;
import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.facts.RecordedFacts;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.Tier;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TranscriptWriterTest {
  private static final long NOW_MS = 1_000_000;

  /** Remembers what it is given, or refuses it. */
  private static final class Memory implements Transcripts {
    final List<String> puts = new ArrayList<>();
    final List<Transcript> kept = new ArrayList<>();
    Optional<RuntimeException> failing = Optional.empty();

    @Override
    public void put(TenantId tenant, List<Transcript> transcripts) {
      if (failing.isPresent()) {
        throw failing.get();
      }
      puts.add(tenant + ":" + transcripts.size());
      kept.addAll(transcripts);
    }

    @Override
    public Optional<Transcript> get(TenantId tenant, RequestId id) {
      return Optional.empty();
    }

    @Override
    public List<TranscriptEntry> list(TenantId tenant, Optional<RequestId> after, int limit) {
      return List.of();
    }

    @Override
    public boolean delete(TenantId tenant, RequestId id) {
      return false;
    }

    @Override
    public void erase(TenantId tenant) {
      kept.clear();
    }

    @Override
    public int sweep(int most) {
      return 0;
    }
  }

  private final Memory store = new Memory();
  private final RecordedFacts facts = new RecordedFacts();
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private final TranscriptWriter writer =
      new TranscriptWriter(store, facts, () -> Instant.ofEpochMilli(NOW_MS), tasks::add, 100);

  private void keep(String tenant, Tier tier, String answer) {
    Generation generation = Samples.kept(Samples.keeping(tenant, tier, 60), "question");
    Ending ending =
        new Ending(
            AuditFact.Outcome.COMPLETED,
            Optional.empty(),
            Optional.empty(),
            1,
            new Told.Usage(3, 0, 2),
            0,
            0,
            0,
            0,
            0,
            false,
            Optional.empty(),
            Optional.empty());
    writer.keep(generation, ending, answer);
  }

  private void run() {
    while (!tasks.isEmpty()) {
      tasks.poll().run();
    }
  }

  @Test
  void whatWaitsOfATenantIsWrittenTogetherAndExpiresAfterItsTime() {
    keep("acme", Tier.STANDARD, "a1");
    keep("globex", Tier.STANDARD, "g1");
    keep("acme", Tier.STANDARD, "a2");
    assertThat(tasks).hasSize(1);
    run();

    assertThat(store.puts).containsExactly("acme:2", "globex:1");
    assertThat(store.kept.getFirst().createdEpochMs()).isEqualTo(NOW_MS);
    assertThat(store.kept.getFirst().expiresEpochMs()).isEqualTo(NOW_MS + 60_000);
    assertThat(writer.kept()).isEqualTo(3);
    keep("acme", Tier.STANDARD, "a3");
    run();
    assertThat(store.kept).hasSize(4);
  }

  @Test
  void whatFindsNoRoomIsLostAndTold() {
    keep("acme", Tier.STANDARD, "x".repeat(80));
    keep("acme", Tier.STANDARD, "y".repeat(80));
    run();

    assertThat(store.kept).hasSize(1);
    assertThat(writer.lost()).isEqualTo(1);
    assertThat(facts.last().operation()).isEqualTo("store_request");
    assertThat(facts.last().code()).isEqualTo("no_capacity");
    keep("acme", Tier.STANDARD, "z".repeat(80));
    run();
    assertThat(store.kept).hasSize(2);
  }

  @Test
  void whatTheStoreDoesNotTakeIsLostAndTheNextIsTried() {
    store.failing = Optional.of(Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "away").asException());
    keep("acme", Tier.STANDARD, "a");
    run();
    store.failing = Optional.of(new IllegalStateException("a bug"));
    keep("acme", Tier.STANDARD, "b");
    run();
    store.failing = Optional.empty();
    keep("acme", Tier.STANDARD, "c");
    run();

    assertThat(facts.facts())
        .extracting(AuditFact::code)
        .containsExactly("dependency_unavailable", "internal");
    assertThat(writer.lost()).isEqualTo(2);
    assertThat(store.kept).extracting(Transcript::answer).containsExactly("c");
  }

  @Test
  void personalDataThatTheModelMadeUpIsMaskedAsThePolicySays() {
    keep("acme", Tier.ENTERPRISE, "Write to [EMAIL_1] or bo@example.com.");
    keep("globex", Tier.STANDARD, "Write to bo@example.com.");
    run();

    assertThat(store.kept)
        .extracting(Transcript::answer)
        .containsExactly("Write to [EMAIL_1] or [EMAIL_2].", "Write to bo@example.com.");
  }
}
