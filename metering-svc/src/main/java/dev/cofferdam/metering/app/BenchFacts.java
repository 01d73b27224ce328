package dev.cofferdam.metering.app;

import dev.cofferdam.metering.usage.UsageEvent;
import dev.cofferdam.metering.usage.kafka.UsageFacts;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.wire.Events;
import java.time.Instant;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Usage facts of a benchmark, each the same whenever its number is asked for: of 50 tenants, a
 * hundredth of them up to three days late, the others of the last hour.
 */
final class BenchFacts {
  /** The source of a first report. */
  static final String WORKER = "/cofferdam/worker-bench";

  /** Not the generator's own step, by which the facts of one seed would be those of the next. */
  private static final long SEEDS_APART = 0xD1342543DE82EF95L;

  private static final int TENANTS = 50;
  private static final int HOUR_MS = 3_600_000;
  private static final int LATE_HOURS = 71;

  private final long seed;
  private final long nowMs;

  /**
   * @param nowMs when all of them were said, in milliseconds since the epoch
   */
  BenchFacts(long seed, long nowMs) {
    this.seed = seed;
    this.nowMs = nowMs;
  }

  /** The data of a fact. */
  UsageRecorded data(long number) {
    SplittableRandom random = new SplittableRandom(seed * SEEDS_APART + number);
    int prompt = 1 + random.nextInt(2_000);
    int ago =
        random.nextInt(100) == 0 ? random.nextInt(LATE_HOURS * HOUR_MS) : random.nextInt(HOUR_MS);
    return UsageRecorded.newBuilder()
        .setRequestId(String.format("%016x%016x", random.nextLong(), random.nextLong()))
        .setAttempt(1)
        .setTenant("tenant-" + random.nextInt(TENANTS))
        .setTier("standard")
        .setModel("support-desk")
        .setAdapter("adapter-" + random.nextInt(4))
        .setAdapterVersion("1")
        .setWorkloadClass("interactive")
        .setPromptTokens(prompt)
        .setCachedPromptTokens(random.nextInt(prompt))
        .setOutputTokens(random.nextInt(1_000))
        .setQueueWaitMs(3)
        .setPrefillMs(30)
        .setDecodeMs(900)
        .setComputeUs(random.nextInt(1_000_000))
        .setKvBlockMs(random.nextInt(100_000))
        .setWorkerId("worker-1")
        .setWorkerType("cpu")
        .setPool("shared")
        .setOutcome(Outcome.OUTCOME_COMPLETED)
        .setEndedEpochMs(nowMs - ago)
        .build();
  }

  /** The event of a fact, as a source reports it. */
  byte[] event(UsageRecorded data, String source) {
    return Events.encode(
        id(data), source, UsageFacts.TYPE, Instant.ofEpochMilli(nowMs), Map.of(), data);
  }

  /** The id of a fact's event. */
  static String id(UsageRecorded data) {
    return UsageEvent.id(new RequestId(data.getRequestId()), data.getAttempt(), 0);
  }
}
