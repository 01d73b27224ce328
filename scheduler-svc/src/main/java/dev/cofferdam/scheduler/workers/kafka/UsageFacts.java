package dev.cofferdam.scheduler.workers.kafka;

import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.SpoolFullException;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.shard.PoolEffect;
import dev.cofferdam.scheduler.workers.LostUsage;
import dev.cofferdam.vocabulary.Operation;
import java.util.ArrayDeque;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Usage facts of lost attempts, with the ids that their workers would have used: should both be
 * stated, the ledger counts one.
 */
public final class UsageFacts implements LostUsage {
  private static final Logger LOG = LoggerFactory.getLogger(UsageFacts.class);
  private static final String TYPE = "dev.cofferdam.usage.recorded.v1";
  private static final int BACKLOG_MAX = 10_000;

  private final FactPublisher publisher;
  private final ArrayDeque<Fact> backlog = new ArrayDeque<>();

  private record Fact(String id, UsageRecorded data, Map<String, String> traceHeaders) {}

  public UsageFacts(FactPublisher publisher) {
    this.publisher = publisher;
  }

  @Override
  public synchronized void state(String pool, PoolEffect.AttemptLost lost) {
    Fact fact =
        new Fact(lost.request().key() + ":0", recorded(pool, lost), lost.request().traceHeaders());
    if (backlog.isEmpty() && published(fact)) {
      return;
    }
    if (backlog.size() >= BACKLOG_MAX) {
      LOG.error("no room to keep the usage of attempt {}; it is lost", fact.id);
      return;
    }
    backlog.add(fact);
  }

  @Override
  public synchronized void retry() {
    while (!backlog.isEmpty() && published(backlog.getFirst())) {
      backlog.removeFirst();
    }
  }

  private boolean published(Fact fact) {
    try {
      Tracing.with(Tracing.fromHeaders(fact.traceHeaders))
          .run(
              () ->
                  publisher.publish(Topics.USAGE, fact.data.getTenant(), fact.id, TYPE, fact.data));
      return true;
    } catch (SpoolFullException e) {
      LOG.warn("the usage of attempt {} waits for room in the spool", fact.id);
      return false;
    }
  }

  private static UsageRecorded recorded(String pool, PoolEffect.AttemptLost lost) {
    PoolRequest request = lost.request();
    boolean billed = request.operation() != Operation.SHADOW;
    return UsageRecorded.newBuilder()
        .setRequestId(request.key().request().value())
        .setAttempt(request.key().attempt())
        .setTenant(request.tenant().value())
        .setTier(request.tier())
        .setModel(request.model())
        .setAdapter(request.adapter())
        .setAdapterVersion(request.adapterVersion())
        .setWorkloadClass(request.workloadClass().label())
        .setPromptTokens(billed ? lost.promptTokens() : 0)
        .setCachedPromptTokens(billed ? lost.cachedTokens() : 0)
        .setOutputTokens(billed ? lost.outputTokens() : 0)
        .setQueueWaitMs(lost.queueWaitMs())
        .setPrefillMs(lost.prefillMs())
        .setDecodeMs(lost.decodeMs())
        .setComputeUs(lost.served().computeUs())
        .setKvBlockMs(lost.served().kvBlockMs())
        .setWorkerId(lost.workerId())
        .setOutcome(Outcome.OUTCOME_LOST)
        .setEndedEpochMs(lost.endedMs())
        .setPool(pool)
        .setOperation(request.operation().label())
        .build();
  }
}
