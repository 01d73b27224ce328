package dev.cofferdam.audit.log.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.audit.Facts;
import dev.cofferdam.audit.TestLog;
import dev.cofferdam.audit.log.LogVerifier.Finding;
import dev.cofferdam.audit.log.postgres.PostgresAuditLog;
import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.record.AuditEvent;
import dev.cofferdam.audit.record.kafka.AuditFacts;
import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.mesh.kafka.AuditedViolations;
import dev.cofferdam.mesh.kafka.FactConsumer;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.TestKafka;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.mesh.store.StoreUnavailableException;
import dev.cofferdam.mesh.store.Violation;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.proto.events.v1.Severity;
import dev.cofferdam.vocabulary.TenantId;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.sdk.testing.junit5.OpenTelemetryExtension;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** From a publisher's spool through a real Kafka into the log. */
class KafkaToLogTest {
  @RegisterExtension static final OpenTelemetryExtension TRACES = OpenTelemetryExtension.create();

  @TempDir static Path folder;
  private static TestKafka kafka;

  @BeforeAll
  static void startKafka() throws InterruptedException {
    kafka = new TestKafka(folder.resolve("kafka"));
    kafka.create(Topics.AUDIT, 4);
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

  private static FactConsumer consumer(TestLog log) {
    LogIntake intake =
        new LogIntake(
            Topics.AUDIT,
            new PostgresAuditLog(log.database, log.keys),
            InstantSource.system(),
            log);
    return FactConsumer.open(kafka.settings(), Topics.AUDIT, "audit", intake);
  }

  private static void awaitSize(TestLog log, long size) throws InterruptedException {
    await(() -> log.reader.head().size() >= size);
    assertThat(log.reader.head().size()).isEqualTo(size);
  }

  @Test
  void factsOfAPublisherStandInOneVerifiedLogEachOnceAndInTheirTrace(@TempDir Path spool)
      throws InterruptedException {
    TestLog log = new TestLog();
    List<AuditRecorded> facts = Facts.some(0, 300);
    String traceId;
    try (FactPublisher publisher = FactPublisher.open(kafka.settings(), "gateway", spool, 1 << 20);
        FactConsumer consumer = consumer(log)) {
      Span request = Tracing.tracer().spanBuilder("request").startSpan();
      traceId = request.getSpanContext().getTraceId();
      try (Scope scope = Context.current().with(request).makeCurrent()) {
        assertThat(scope).isNotNull();
        for (AuditRecorded fact : facts) {
          publisher.publish(
              Topics.AUDIT, fact.getTenant(), fact.getEventId(), AuditFacts.TYPE, fact);
          if (fact.getPromptTokens() % 2 == 0) {
            publisher.publish(
                Topics.AUDIT, fact.getTenant(), fact.getEventId(), AuditFacts.TYPE, fact);
          }
        }
      }
      request.end();
      awaitSize(log, 300);

      new AuditedViolations(publisher, InstantSource.system(), "records")
          .record(
              new Violation(
                  new TenantId("harbor-books"),
                  "spiffe://cofferdam.local/tenant/harbor-books",
                  "127.0.0.1",
                  "ListRecords"));
      awaitSize(log, 301);
      assertThat(consumer.ready()).isTrue();
    }
    Checkpoint signed = log.sign();
    assertThat(log.verify(signed)).isEqualTo(new Finding.Intact(301));
    List<String> ids = new ArrayList<>(log.appended.stream().map(AuditEvent::id).toList());
    assertThat(ids).doesNotHaveDuplicates();
    AuditEvent last = log.appended.getLast();
    assertThat(last.severity()).isEqualTo(Severity.SEVERITY_CRITICAL.getNumber());
    List<SpanData> spans =
        TRACES.getSpans().stream()
            .filter(s -> s.getName().equals("audit append") && s.getTraceId().equals(traceId))
            .toList();
    assertThat(spans).hasSize(300).allMatch(s -> s.getKind() == SpanKind.CONSUMER);
    assertThat(spans)
        .extracting(s -> s.getAttributes().get(Tracing.TENANT))
        .contains("harbor-books", "pixel-pirates", "nordic-parcel");
    assertThat(log.rejected).isEmpty();
  }

  @Test
  void aStoreThatIsAwayIsToldWithWhatWaitsForIt(@TempDir Path spool) throws InterruptedException {
    AtomicBoolean away = new AtomicBoolean();
    Map<Integer, Long> next = new ConcurrentHashMap<>();
    FactConsumer.Sink sink =
        new FactConsumer.Sink() {
          @Override
          public Map<Integer, Long> claim(Set<Integer> partitions) {
            fail();
            return Map.copyOf(next);
          }

          @Override
          public void store(List<FactConsumer.Fact> facts) {
            fail();
            facts.forEach(fact -> next.put(fact.partition(), fact.offset() + 1));
          }

          private void fail() {
            if (away.get()) {
              throw new StoreUnavailableException(new SQLException("away"));
            }
          }
        };
    try (FactPublisher publisher = FactPublisher.open(kafka.settings(), "other", spool, 1 << 20);
        FactConsumer consumer =
            FactConsumer.open(kafka.settings(), Topics.AUDIT, "store-away", sink)) {
      AuditRecorded fact = Facts.some(0, 1).getFirst();
      publisher.publish(Topics.AUDIT, fact.getTenant(), "a", AuditFacts.TYPE, fact);
      await(() -> !next.isEmpty());
      assertThat(consumer.storeAway()).isFalse();
      away.set(true);
      publisher.publish(Topics.AUDIT, fact.getTenant(), "b", AuditFacts.TYPE, fact);
      await(() -> consumer.storeAway() && consumer.lag() > 0);
      away.set(false);
      await(() -> !consumer.storeAway() && consumer.lag() == 0);
    }
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < 600 && !condition.getAsBoolean(); i++) {
      Thread.sleep(50);
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }
}
