package dev.cofferdam.metering;

import dev.cofferdam.mesh.kafka.FactConsumer.Fact;
import dev.cofferdam.metering.usage.UsageEvent;
import dev.cofferdam.metering.usage.kafka.UsageFacts;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.wire.Events;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Usage facts for tests. */
public final class Facts {
  /** When tests happen, unless they say otherwise. */
  public static final Instant NOW = Instant.parse("2026-03-01T12:30:00Z");

  private Facts() {}

  /** A request id from a number. */
  public static RequestId request(long number) {
    return new RequestId(String.format("%032x", number));
  }

  /** The data of a fact: 100 prompt tokens (40 cached), 20 output tokens, half a second. */
  public static UsageRecorded.Builder usage(long request, String tenant) {
    return UsageRecorded.newBuilder()
        .setRequestId(request(request).value())
        .setAttempt(1)
        .setTenant(tenant)
        .setTier("standard")
        .setModel("support-desk")
        .setAdapter("harbor-books")
        .setAdapterVersion("1")
        .setWorkloadClass("interactive")
        .setPromptTokens(100)
        .setCachedPromptTokens(40)
        .setOutputTokens(20)
        .setQueueWaitMs(3)
        .setPrefillMs(10)
        .setDecodeMs(200)
        .setComputeUs(500_000)
        .setKvBlockMs(1_500)
        .setWorkerId("w1")
        .setWorkerType("cpu")
        .setPool("shared")
        .setOutcome(Outcome.OUTCOME_COMPLETED)
        .setEndedEpochMs(NOW.toEpochMilli());
  }

  /** The event of a fact. */
  public static byte[] bytes(UsageRecorded data) {
    return bytes(data, 0, "/cofferdam/worker-w1", Map.of());
  }

  /** The event of a fact. */
  public static byte[] bytes(
      UsageRecorded data, int sequence, String source, Map<String, String> trace) {
    return Events.encode(
        UsageEvent.id(new RequestId(data.getRequestId()), data.getAttempt(), sequence),
        source,
        UsageFacts.TYPE,
        NOW,
        trace,
        data);
  }

  /** Random facts of three tenants over three days. */
  public static List<UsageRecorded> random(long seed, int count) {
    SplittableRandom random = new SplittableRandom(seed);
    List<String> tenants = List.of("harbor-books", "pixel-pirates", "nordic-parcel");
    List<UsageRecorded> facts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int prompt = random.nextInt(2_000);
      facts.add(
          usage(seed * 1_000_000 + i, tenants.get(random.nextInt(3)))
              .setAttempt(1 + random.nextInt(2))
              .setAdapter(random.nextBoolean() ? "" : "a" + random.nextInt(3))
              .setWorkloadClass(random.nextBoolean() ? "interactive" : "batch")
              .setPromptTokens(prompt)
              .setCachedPromptTokens(random.nextInt(prompt + 1))
              .setOutputTokens(random.nextInt(500))
              .setComputeUs(random.nextInt(5_000_000))
              .setKvBlockMs(random.nextInt(100_000))
              .setEndedEpochMs(NOW.toEpochMilli() - random.nextInt(72 * 3_600_000))
              .build());
    }
    return facts;
  }

  /** Facts in a partition, from an offset on. */
  public static List<Fact> in(int partition, long offset, List<byte[]> values) {
    List<Fact> facts = new ArrayList<>();
    for (byte[] value : values) {
      facts.add(new Fact(partition, offset + facts.size(), value));
    }
    return facts;
  }
}
