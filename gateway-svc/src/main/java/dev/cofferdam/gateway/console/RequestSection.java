package dev.cofferdam.gateway.console;

import com.google.protobuf.ByteString;
import dev.cofferdam.mesh.web.Page;
import dev.cofferdam.mesh.web.Page.Cell;
import dev.cofferdam.mesh.web.Page.Tone;
import dev.cofferdam.proto.audit.v1.GetInclusionProofResponse;
import dev.cofferdam.proto.audit.v1.LoggedRecord;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.proto.metering.v1.UsageRow;
import dev.cofferdam.proto.routing.v1.ExplainResponse;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The way of one request: ids, counts and times, as nothing else of it is kept. */
final class RequestSection {
  private static final int VERSION_CHARS = 12;

  private RequestSection() {}

  /** Adds its records; says whether there are any. */
  static boolean records(Page page, List<LoggedRecord> records) {
    for (LoggedRecord logged : records) {
      page.heading("Record " + logged.getIndex() + " of the audit log");
      if (!logged.hasRecord()) {
        page.text(
            "Its key was destroyed: that it was there can be proven, what it said cannot be read.");
        continue;
      }
      AuditRecorded record = logged.getRecord();
      Map<String, String> facts = new LinkedHashMap<>();
      facts.put("Time", Instant.ofEpochMilli(record.getOccurredEpochMs()).toString());
      facts.put("Tenant", record.getTenant());
      facts.put("Operation", record.getOperation());
      facts.put(
          "Outcome",
          record.getOutcome().name().replace("OUTCOME_", "").toLowerCase(Locale.ROOT)
              + (record.getCode().isEmpty() ? "" : " (" + record.getCode() + ")"));
      facts.put("Model", record.getModel());
      facts.put("Adapter", record.getAdapter());
      facts.put("Pool and worker", record.getPool() + " / " + record.getWorkerId());
      facts.put("Attempts", Integer.toString(record.getAttempts()));
      facts.put(
          "Tokens",
          record.getPromptTokens()
              + " in ("
              + record.getCachedPromptTokens()
              + " cached), "
              + record.getOutputTokens()
              + " out");
      facts.put("In the queue", record.getQueueWaitMs() + " ms");
      facts.put("To the first token", record.getTtftMs() + " ms");
      facts.put("In all", record.getLatencyMs() + " ms");
      facts.put(
          "KV blocks",
          record.getKvBlocksAllocated()
              + " allocated, "
              + record.getKvBlocksZeroed()
              + " zeroed"
              + (record.getKvEncrypted() ? ", encrypted" : ""));
      facts.values().removeIf(String::isEmpty);
      page.facts(facts);
      if (record.getRoutingExplanationCount() > 0) {
        page.text("Why it was placed there:")
            .verbatim(String.join("\n", record.getRoutingExplanationList()));
      }
    }
    return !records.isEmpty();
  }

  /** Adds its attempts; says whether there are any. */
  static boolean usage(Page page, List<UsageRow> rows) {
    if (rows.isEmpty()) {
      return false;
    }
    page.heading("Its way, attempt by attempt")
        .table(
            "From the ledger, times in ms",
            List.of(
                "Attempt",
                "Queue",
                "Prefill",
                "Decode",
                "Compute",
                "Input",
                "Cached",
                "Output",
                "Preemptions",
                "Worker",
                "Ended"),
            rows.stream()
                .map(
                    r ->
                        List.of(
                            Cell.number(Integer.toString(r.getAttempt())),
                            Cell.number(Long.toString(r.getQueueWaitMs())),
                            Cell.number(Long.toString(r.getPrefillMs())),
                            Cell.number(Long.toString(r.getDecodeMs())),
                            Cell.number(Long.toString(r.getComputeUs() / 1_000)),
                            Cell.number(Long.toString(r.getPromptTokens())),
                            Cell.number(Long.toString(r.getCachedPromptTokens())),
                            Cell.number(Long.toString(r.getOutputTokens())),
                            Cell.number(Integer.toString(r.getPreemptions())),
                            Cell.of(r.getWorkerId()),
                            Cell.of(r.getOutcome())))
                .toList());
    return true;
  }

  /** Adds why a router placed it where it is. */
  static void explanation(Page page, ExplainResponse placed) {
    page.heading("Why the router placed it there")
        .text(
            String.format(
                Locale.ROOT,
                "Attempt %d: %s of pool %s%s, after %d ms in the queue. %d workers could have"
                    + " served it.",
                placed.getAttempt(),
                placed.getWorkerId(),
                placed.getPool(),
                placed.getAdapterVersion().isEmpty()
                    ? ""
                    : ", adapter version "
                        + placed
                            .getAdapterVersion()
                            .substring(
                                0, Math.min(VERSION_CHARS, placed.getAdapterVersion().length())),
                placed.getQueueWaitMs(),
                placed.getWorkersOffered()))
        .verbatim(
            placed.getWorkersList().stream()
                .map(
                    w ->
                        String.format(
                            Locale.ROOT,
                            "%s %.3f%s%s",
                            w.getWorkerId(),
                            w.getScore(),
                            w.getWorkerId().equals(placed.getWorkerId()) ? "  (granted)" : "",
                            w.getLinesList().stream()
                                .map(line -> "\n  " + line)
                                .collect(Collectors.joining())))
                .collect(Collectors.joining("\n")));
  }

  /** Adds the proof that a record is in the log, checked here. */
  static void proof(Page page, LoggedRecord record, Optional<GetInclusionProofResponse> proof) {
    page.heading("Proof of record " + record.getIndex());
    if (proof.isEmpty()) {
      page.notice(Tone.WARNING, "No signed checkpoint holds it yet; one comes within seconds.");
      return;
    }
    GetInclusionProofResponse told = proof.get();
    InclusionCheck check = InclusionCheck.of(record, told);
    if (check.holds()) {
      page.notice(
          Tone.GOOD,
          "the record is in the log of "
              + told.getTreeSize()
              + " records: its hash and the path give the checkpoint's root");
    } else {
      page.notice(Tone.BAD, "the proof does not hold: " + check.problem());
    }
    HexFormat hex = HexFormat.of();
    page.facts(Map.of("Leaf hash", hex.formatHex(told.getLeafHash().toByteArray())))
        .verbatim(
            told.getPathList().stream()
                .map(ByteString::toByteArray)
                .map(hex::formatHex)
                .collect(Collectors.joining("\n")))
        .verbatim(told.getCheckpoint())
        .text(
            "The signature under the checkpoint is yours to check: ./cofferdam verify-audit, which"
                + " also checks a record that was saved from the pages of the audit log.");
  }
}
