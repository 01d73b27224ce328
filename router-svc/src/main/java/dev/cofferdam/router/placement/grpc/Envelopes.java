package dev.cofferdam.router.placement.grpc;

import com.google.protobuf.ByteString;
import dev.cofferdam.proto.routing.v1.PlaceRequest;
import dev.cofferdam.router.routing.Envelope;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.PrefixDigests;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.WorkloadClass;
import dev.cofferdam.wire.Operations;
import dev.cofferdam.wire.TenantRecords;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads and checks envelopes. */
final class Envelopes {
  private static final int DIGESTS_MAX = 512;
  private static final int EXCLUDED_MAX = 64;
  private static final int TOKENS_MAX = 10_000_000;

  private Envelopes() {}

  /**
   * The envelope of a request.
   *
   * @throws RefusedException INVALID_REQUEST, naming every problem
   */
  static Envelope read(PlaceRequest request) {
    var e = request.getEnvelope();
    List<String> problems = new ArrayList<>();
    range(problems, "attempt", e.getAttempt(), 1, 1_000);
    range(problems, "prompt_tokens", e.getPromptTokens(), 1, TOKENS_MAX);
    Operation operation = operation(e.getOperation(), problems);
    int outputMin = operation.outputTokensMin();
    range(
        problems,
        "output_tokens_max",
        e.getOutputTokensMax(),
        outputMin,
        outputMin == 0 ? 0 : TOKENS_MAX);
    range(
        problems,
        "generated_tokens",
        e.getGeneratedTokens(),
        0,
        Math.max(0, e.getOutputTokensMax() - 1));
    range(problems, "prefix_digests", e.getPrefixDigestsCount(), 0, DIGESTS_MAX);
    range(problems, "excluded_worker_ids", request.getExcludedWorkerIdsCount(), 0, EXCLUDED_MAX);
    if (e.getPrefixDigestsList().stream().anyMatch(d -> d.size() != PrefixDigests.BYTES)) {
      problems.add("prefix_digests: a digest of another length (expected: 32 bytes)");
    }
    if (!problems.isEmpty()) {
      throw Refusal.of(ErrorCode.INVALID_REQUEST, String.join("; ", problems)).asException();
    }
    try {
      return new Envelope(
          new RequestId(e.getRequestId()),
          e.getAttempt(),
          operation,
          new TenantId(e.getTenant()),
          e.getModel(),
          e.getAdapter(),
          TenantRecords.workloadClass(e.getWorkloadClass(), WorkloadClass.INTERACTIVE),
          e.getPromptTokens(),
          e.getGeneratedTokens(),
          e.getOutputTokensMax(),
          e.getPrefixDigestsList().stream().map(ByteString::toByteArray).toList(),
          e.getAdapterVersion(),
          e.getDeadlineEpochMs(),
          Set.copyOf(request.getExcludedWorkerIdsList()));
    } catch (IllegalArgumentException invalid) {
      throw Refusal.of(ErrorCode.INVALID_REQUEST, String.valueOf(invalid.getMessage()))
          .asException();
    }
  }

  private static Operation operation(
      dev.cofferdam.proto.scheduling.v1.Operation value, List<String> problems) {
    try {
      return Operations.of(value);
    } catch (IllegalArgumentException unknown) {
      problems.add(String.valueOf(unknown.getMessage()));
      return Operation.GENERATE;
    }
  }

  private static void range(List<String> problems, String name, int value, int min, int max) {
    if (value < min || value > max) {
      problems.add(name + ": " + value + " (expected: " + min + " to " + max + ")");
    }
  }
}
