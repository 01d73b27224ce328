package dev.cofferdam.worker.usage.kafka;

import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.SpoolFullException;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import dev.cofferdam.worker.batching.EndCause;
import dev.cofferdam.worker.lease.Lease;
import dev.cofferdam.worker.usage.AttemptRecord;
import dev.cofferdam.worker.usage.UsageSink;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes one {@code UsageRecorded} for each attempt, keyed by tenant, id {@code
 * request:attempt:0}.
 */
public final class KafkaUsageSink implements UsageSink {
  private static final Logger LOG = LoggerFactory.getLogger(KafkaUsageSink.class);
  private static final String TYPE = "dev.cofferdam.usage.recorded.v1";

  private final FactPublisher publisher;
  private final String workerType;
  private final String pool;
  private final AtomicLong lost = new AtomicLong();

  /**
   * @param publisher not closed by this
   * @param workerType "cpu" or "cuda"
   * @param pool the worker's pool
   */
  public KafkaUsageSink(FactPublisher publisher, String workerType, String pool) {
    this.publisher = publisher;
    this.workerType = workerType;
    this.pool = pool;
  }

  @Override
  public void record(AttemptRecord attempt) {
    UsageRecorded event = event(attempt);
    try {
      publisher.publish(Topics.USAGE, event.getTenant(), id(attempt.lease()), TYPE, event);
    } catch (SpoolFullException e) {
      // Work is refused long before; what is left are the attempts that ran already.
      lost.incrementAndGet();
      LOG.error("the spool is full; the usage of {} is lost", id(attempt.lease()));
    }
  }

  @Override
  public boolean accepting() {
    return publisher.accepting();
  }

  /** Records that found the spool full. */
  public long lost() {
    return lost.get();
  }

  private static String id(Lease lease) {
    return lease.request() + ":" + lease.attempt() + ":0";
  }

  private UsageRecorded event(AttemptRecord attempt) {
    Lease lease = attempt.lease();
    UsageRecorded.Builder event = UsageRecorded.newBuilder();
    attempt
        .usage()
        .preemptedBy()
        .forEach((tenant, times) -> event.putPreemptedBy(tenant.value(), times));
    return event
        .setRequestId(lease.request().value())
        .setAttempt(lease.attempt())
        .setTenant(lease.tenant().value())
        .setTier(lease.tier())
        .setModel(lease.model())
        .setAdapter(lease.adapter())
        .setAdapterVersion(lease.adapterVersion())
        .setWorkloadClass(lease.workloadClass().label())
        .setPromptTokens(attempt.promptTokensBilled())
        .setCachedPromptTokens(attempt.cachedPromptTokensBilled())
        .setOutputTokens(attempt.outputTokensBilled())
        .setQueueWaitMs(lease.queueWaitMs())
        .setPrefillMs(attempt.usage().prefillMs())
        .setDecodeMs(attempt.usage().decodeMs())
        .setComputeUs(attempt.usage().computeUs())
        .setKvBlockMs(attempt.usage().kvBlockMs())
        .setPreemptions(attempt.usage().preemptions())
        .setWorkerId(lease.workerId())
        .setWorkerType(workerType)
        .setPool(pool)
        .setOperation(lease.operation().label())
        .setOutcome(outcome(attempt.cause()))
        .setEndedEpochMs(attempt.endedEpochMs())
        .build();
  }

  private static Outcome outcome(EndCause cause) {
    return switch (cause.outcome()) {
      case COMPLETED -> Outcome.OUTCOME_COMPLETED;
      case CANCELLED -> Outcome.OUTCOME_CANCELLED;
      case FAILED -> Outcome.OUTCOME_FAILED;
    };
  }
}
