package dev.cofferdam.gateway.batch;

import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Jobs for tests. */
public final class SampleBatches {
  private static final long FAR_MS = 4_000_000_000_000L;

  private SampleBatches() {}

  /** A new job whose lines are their numbers. */
  public static Batch create(BatchStore store, TenantId tenant, int lines) {
    String text = IntStream.range(0, lines).mapToObj(i -> i + "\n").collect(Collectors.joining());
    String input = "file-" + RequestId.random();
    store.put(
        tenant,
        new StoredFile(input, false, "lines", text.length() * 3L, 1, FAR_MS),
        List.of(text));
    Batch batch =
        new Batch(
            tenant,
            "batch_" + RequestId.random(),
            "/v1/embeddings",
            input,
            "file-" + RequestId.random(),
            "file-" + RequestId.random(),
            BatchStatus.IN_PROGRESS,
            new Batch.Counts(lines, 0, 0),
            1,
            FAR_MS,
            OptionalLong.empty(),
            OptionalLong.empty(),
            "null",
            new Batch.Submitter("key:k1", "127.0.0.1", "k1"));
    store.create(batch);
    return batch;
  }
}
