package dev.cofferdam.audit.api;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.cofferdam.audit.log.LogReader.RecordQuery;
import dev.cofferdam.audit.report.LogFacts;
import dev.cofferdam.audit.report.Report;
import dev.cofferdam.audit.report.Report.Section;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToIntFunction;

/**
 * Makes the reports that somebody has to hand over: for SOC 2, GDPR and HIPAA, each on one tenant
 * and a period. They tell of records; content was never recorded.
 */
public final class Reports {
  private static final int ROWS_MAX = 500;
  private static final int CRITICAL = 3;
  private static final int HIPAA_DAYS = 6 * 365 + 2;

  private final Archive archive;
  private final LogFacts facts;
  private final ToIntFunction<TenantId> retentionDays;
  private final String keyEncryption;

  /** What a report is made for. */
  public enum Kind {
    /** SOC 2, criteria CC6 and CC7: access, changes, incidents. */
    SOC2("SOC 2"),
    /** GDPR, article 15. */
    GDPR_ACCESS("GDPR access"),
    /** GDPR, article 17. */
    GDPR_ERASURE("GDPR erasure"),
    /** HIPAA, 45 CFR 164.312(b) and 164.316(b)(2). */
    HIPAA("HIPAA");

    private final String title;

    Kind(String title) {
      this.title = title;
    }
  }

  /**
   * @param retentionDays for how many days a tenant's records can be opened
   * @param keyEncryption names the key-encryption key in force
   */
  public Reports(
      Archive archive,
      LogFacts facts,
      ToIntFunction<TenantId> retentionDays,
      String keyEncryption) {
    this.archive = archive;
    this.facts = facts;
    this.retentionDays = retentionDays;
    this.keyEncryption = keyEncryption;
  }

  /**
   * Makes a report.
   *
   * @param fromMs begin of the period, milliseconds since the epoch
   * @param toMs its end, exclusive
   */
  public Report make(Kind kind, TenantId tenant, long fromMs, long toMs) {
    View view = new View.Of(tenant);
    List<Section> sections = new ArrayList<>();
    sections.add(scope(tenant, fromMs, toMs));
    switch (kind) {
      case SOC2 -> {
        sections.add(activity(view, fromMs, toMs));
        sections.add(violations(view, fromMs, toMs));
      }
      case GDPR_ACCESS -> {
        sections.add(kept());
        sections.add(activity(view, fromMs, toMs));
        sections.add(records(view, fromMs, toMs));
      }
      case GDPR_ERASURE -> {}
      case HIPAA -> {
        sections.add(hipaa(tenant));
        sections.add(activity(view, fromMs, toMs));
        sections.add(violations(view, fromMs, toMs));
      }
    }
    sections.add(protection(tenant, view));
    sections.add(erasures(view));
    sections.add(evidence());
    return new Report(kind.title + " report: " + tenant, sections);
  }

  private static Section scope(TenantId tenant, long fromMs, long toMs) {
    Map<String, String> scope = new LinkedHashMap<>();
    scope.put("tenant", tenant.value());
    scope.put("from", Instant.ofEpochMilli(fromMs).toString());
    scope.put("to", toMs == Long.MAX_VALUE ? "now" : Instant.ofEpochMilli(toMs).toString());
    return Section.of("Scope", "", scope);
  }

  private Section activity(View view, long fromMs, long toMs) {
    List<List<String>> rows =
        facts.counts(view, fromMs, toMs).stream()
            .map(c -> List.of(c.operation(), severity(c.severity()), Long.toString(c.records())))
            .toList();
    return Section.of(
        "Activity",
        "Every request, refusal and change of the period, by what was done.",
        List.of("operation", "severity", "records"),
        rows);
  }

  private Section violations(View view, long fromMs, long toMs) {
    RecordQuery query =
        new RecordQuery(
            Optional.empty(),
            Optional.empty(),
            "",
            CRITICAL,
            fromMs,
            toMs,
            Optional.empty(),
            ROWS_MAX);
    return Section.of(
        "Isolation violations",
        "Attempts to cross a tenant's border, all of which were refused; the newest " + ROWS_MAX,
        List.of("record", "time", "actor", "operation", "detail"),
        rows(view, query, data -> List.of(data.getActor(), data.getOperation(), data.getDetail())));
  }

  private Section records(View view, long fromMs, long toMs) {
    RecordQuery query =
        new RecordQuery(
            Optional.empty(), Optional.empty(), "", 0, fromMs, toMs, Optional.empty(), ROWS_MAX);
    return Section.of(
        "Records",
        "The newest " + ROWS_MAX + " of the period; all of them by AuditService.ListRecords.",
        List.of("record", "time", "actor", "operation", "source address", "model"),
        rows(
            view,
            query,
            data ->
                List.of(
                    data.getActor(), data.getOperation(), data.getSourceIp(), data.getModel())));
  }

  private interface Columns {
    List<String> of(AuditRecorded data);
  }

  private List<List<String>> rows(View view, RecordQuery query, Columns columns) {
    int width = columns.of(AuditRecorded.getDefaultInstance()).size();
    List<List<String>> rows = new ArrayList<>();
    for (Archive.Opened opened : archive.records(view, query)) {
      List<String> row = new ArrayList<>(List.of(Long.toString(opened.leaf().index())));
      Optional<AuditRecorded> data = opened.payload().map(Reports::parse);
      row.add(
          data.map(d -> Instant.ofEpochMilli(d.getOccurredEpochMs()).toString()).orElse("erased"));
      row.addAll(data.map(columns::of).orElseGet(() -> Collections.nCopies(width, "-")));
      rows.add(row);
    }
    return rows;
  }

  private static AuditRecorded parse(byte[] payload) {
    try {
      return AuditRecorded.parseFrom(payload);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a sealed record is no audit record", e);
    }
  }

  private static Section kept() {
    Map<String, String> kept = new LinkedHashMap<>();
    kept.put("purpose", "accountability of a service for many customers; detection of misuse");
    kept.put(
        "what",
        "time, operation, key or certificate, network address, model, counts and latencies; of"
            + " prompts and responses a keyed hash only");
    kept.put("recipients", "the tenant and the operators; nobody else");
    kept.put("rectification", "records cannot be changed; a correcting record can be added");
    return Section.of("What is kept, and why", "", kept);
  }

  private Section hipaa(TenantId tenant) {
    int days = retentionDays.applyAsInt(tenant);
    Map<String, String> rules = new LinkedHashMap<>();
    rules.put("audit controls, 164.312(b)", "every request and change is recorded, sealed, hashed");
    rules.put("integrity, 164.312(c)", "Merkle tree of all records under signed checkpoints");
    rules.put(
        "retention of six years, 164.316(b)(2)",
        days >= HIPAA_DAYS
            ? "met: " + days + " days"
            : "NOT MET: " + days + " days; set retention_days of the tenant to " + HIPAA_DAYS);
    return Section.of("HIPAA", "", rules);
  }

  private Section protection(TenantId tenant, View view) {
    Map<String, String> how = new LinkedHashMap<>();
    how.put("at rest", "AES-256-GCM, data keys of the tenant's own");
    how.put("key encryption", keyEncryption);
    how.put("access", "mutual TLS; the tenant's certificate, or an operator's; row-level security");
    how.put("retention", retentionDays.applyAsInt(tenant) + " days");
    facts.keys(view).forEach((state, keys) -> how.put("data keys " + state, keys.toString()));
    return Section.of("Protection", "", how);
  }

  private Section erasures(View view) {
    return Section.of(
        "Erasures",
        "Data keys that were destroyed. No record that they sealed opens again, for anybody; the"
            + " sealed bytes stay in the log, so that every proof still holds. Kafka forgets the"
            + " facts within seven days.",
        List.of("time", "why", "keys", "log size", "by", "reason"),
        facts.erasures(view, ROWS_MAX).stream()
            .map(
                e ->
                    List.of(
                        e.at().toString(),
                        e.kind().name().toLowerCase(Locale.ROOT),
                        Integer.toString(e.keys()),
                        Long.toString(e.treeSize()),
                        e.actor(),
                        e.reason()))
            .toList());
  }

  private Section evidence() {
    Map<String, String> evidence = new LinkedHashMap<>();
    archive
        .latest()
        .ifPresent(
            signed -> {
              evidence.put("log", signed.checkpoint().origin());
              evidence.put("records in the log", Long.toString(signed.checkpoint().size()));
              evidence.put("root hash", signed.checkpoint().root().toString());
            });
    evidence.put("verifier key", archive.verifierKey());
    return Section.of(
        "Evidence",
        "The report can be checked against the log: ./cofferdam verify-audit.",
        evidence);
  }

  private static String severity(int severity) {
    return switch (severity) {
      case 1 -> "information";
      case 2 -> "warning";
      case 3 -> "critical";
      default -> "unknown";
    };
  }
}
