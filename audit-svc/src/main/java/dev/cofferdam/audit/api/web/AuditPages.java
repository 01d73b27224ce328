package dev.cofferdam.audit.api.web;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.cofferdam.audit.api.Archive;
import dev.cofferdam.audit.api.Reports;
import dev.cofferdam.audit.log.LogReader.RecordQuery;
import dev.cofferdam.audit.report.LogFacts;
import dev.cofferdam.audit.report.Report;
import dev.cofferdam.audit.report.pdf.ReportPdf;
import dev.cofferdam.audit.retention.Erasure;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.mesh.web.Page;
import dev.cofferdam.mesh.web.Page.Cell;
import dev.cofferdam.mesh.web.Page.Tone;
import dev.cofferdam.mesh.web.WebAnswer;
import dev.cofferdam.mesh.web.WebRequest;
import dev.cofferdam.mesh.web.WebServer;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The auditors' pages, for operators: whether the log holds, the attempts to cross a tenant's
 * border, keys and erasures, reports.
 */
public final class AuditPages implements WebServer.Handler {
  private static final int ROWS_MAX = 200;
  private static final int CRITICAL = 3;
  private static final View ALL = new View.Everybody();

  private final Archive archive;
  private final LogFacts facts;
  private final Reports reports;
  private final Supplier<Optional<String>> published;
  private final Supplier<Optional<String>> trouble;

  /**
   * @param published the checkpoint that everybody is shown
   * @param trouble why the log's head is not signed; empty where it is
   */
  public AuditPages(
      Archive archive,
      LogFacts facts,
      Reports reports,
      Supplier<Optional<String>> published,
      Supplier<Optional<String>> trouble) {
    this.archive = archive;
    this.facts = facts;
    this.reports = reports;
    this.published = published;
    this.trouble = trouble;
  }

  @Override
  public Optional<WebAnswer> answer(WebRequest request) {
    Optional<Supplier<WebAnswer>> page =
        switch (request.path()) {
          case "/" -> Optional.of(() -> WebAnswer.page(proofs()));
          case "/violations" -> Optional.of(() -> WebAnswer.page(violations(request)));
          case "/keys" -> Optional.of(() -> WebAnswer.page(keys()));
          case "/reports" -> Optional.of(() -> report(request));
          default -> Optional.empty();
        };
    if (page.isPresent() && !LogFiles.isOperator(request)) {
      throw Refusal.of(ErrorCode.CALL_NOT_ALLOWED, "these pages are for operators").asException();
    }
    return page.map(Supplier::get);
  }

  private static Page titled(String title) {
    return new Page(title)
        .navigate("Proofs", "/")
        .navigate("Violations", "/violations")
        .navigate("Keys and erasures", "/keys")
        .navigate("Reports", "/reports");
  }

  private Page proofs() {
    Page page = titled("Audit log: proofs");
    Optional<String> wrong = trouble.get();
    Optional<Archive.Signed> signed = archive.latest();
    if (wrong.isPresent()) {
      page.notice(Tone.BAD, wrong.get());
    } else if (signed.isEmpty()) {
      page.notice(Tone.WARNING, "no checkpoint has been signed yet");
    } else {
      page.notice(Tone.GOOD, "the latest checkpoint continues every one before it");
    }
    Map<String, String> latest = new LinkedHashMap<>();
    latest.put("records", Long.toString(archive.size()));
    signed.ifPresent(
        s -> {
          latest.put("of them signed", Long.toString(s.checkpoint().size()));
          latest.put("root hash", s.checkpoint().root().toString());
          latest.put("log", s.checkpoint().origin());
        });
    latest.put("verifier key", archive.verifierKey());
    page.facts(latest);
    published
        .get()
        .ifPresent(
            note ->
                page.heading("Checkpoint, with the cosignatures of its witnesses").verbatim(note));
    return page.heading("To check it yourself")
        .verbatim(
            """
            ./cofferdam verify-audit fetch FOLDER
            ./cofferdam verify-audit log FOLDER --key KEY
            ./cofferdam verify-audit prefix YESTERDAYS-CHECKPOINT FOLDER --key KEY
            """);
  }

  private Page violations(WebRequest request) {
    String tenant = request.parameter("tenant");
    Optional<TenantId> only = tenant.isEmpty() ? Optional.empty() : Optional.of(tenant(tenant));
    long from = day(request.parameter("from"), 0);
    long to = day(request.parameter("to"), 0);
    RecordQuery query =
        new RecordQuery(only, Optional.empty(), "", CRITICAL, from, to, Optional.empty(), ROWS_MAX);
    List<List<Cell>> rows = new ArrayList<>();
    for (Archive.Opened opened : archive.records(ALL, query)) {
      String index = Long.toString(opened.leaf().index());
      Optional<AuditRecorded> data = opened.payload().map(AuditPages::parse);
      rows.add(
          List.of(
              Cell.link(index, "/record/" + index),
              Cell.of(
                  data.map(d -> Instant.ofEpochMilli(d.getOccurredEpochMs()).toString())
                      .orElse("erased")),
              Cell.of(data.map(AuditRecorded::getTenant).orElse("-")),
              Cell.of(data.map(AuditRecorded::getActor).orElse("-")),
              Cell.of(data.map(AuditRecorded::getSourceIp).orElse("-")),
              Cell.of(data.map(AuditRecorded::getOperation).orElse("-")),
              Cell.of(data.map(AuditRecorded::getDetail).orElse("-"))));
    }
    return titled("Audit log: isolation violations")
        .text("Attempts to cross a tenant's border. All of them were refused.")
        .filter(
            "/violations",
            List.of(
                new Page.Field("tenant", "Tenant", tenant, List.of()),
                new Page.Field("from", "From (2026-03-01)", request.parameter("from"), List.of()),
                new Page.Field("to", "Before (2026-04-01)", request.parameter("to"), List.of())))
        .table(
            "The newest " + ROWS_MAX,
            List.of("Record", "Time", "Tenant", "Who", "From", "Operation", "What"),
            rows);
  }

  private Page keys() {
    Map<String, String> states = new LinkedHashMap<>();
    facts.keys(ALL).forEach((state, keys) -> states.put("data keys " + state, keys.toString()));
    List<List<Cell>> rows = facts.erasures(ALL, ROWS_MAX).stream().map(AuditPages::row).toList();
    return titled("Audit log: keys and erasures")
        .text(
            "A record can be opened as long as its data key exists. Keys are retired after a while,"
                + " and destroyed when their tenant's retention is over or an operator erases the"
                + " tenant. The sealed records stay, so that every proof still holds.")
        .facts(states)
        .table(
            "Erasures, the newest " + ROWS_MAX,
            List.of("Time", "Tenant", "Why", "Keys", "Log size", "By", "Reason"),
            rows);
  }

  private static List<Cell> row(Erasure erasure) {
    return List.of(
        Cell.of(erasure.at().toString()),
        Cell.of(erasure.tenant().value()),
        Cell.of(erasure.kind().name().toLowerCase(Locale.ROOT)),
        Cell.number(Integer.toString(erasure.keys())),
        Cell.number(Long.toString(erasure.treeSize())),
        Cell.of(erasure.actor()),
        Cell.of(erasure.reason()));
  }

  private WebAnswer report(WebRequest request) {
    String tenant = request.parameter("tenant");
    List<String> kinds = Arrays.stream(Reports.Kind.values()).map(Enum::name).toList();
    if (tenant.isEmpty()) {
      return WebAnswer.page(
          titled("Audit log: reports")
              .filter(
                  "/reports",
                  List.of(
                      new Page.Field("tenant", "Tenant", "", List.of()),
                      new Page.Field("kind", "Report", "SOC2", kinds),
                      new Page.Field("from", "From (2026-03-01)", "", List.of()),
                      new Page.Field("to", "Before (2026-04-01)", "", List.of()),
                      new Page.Field("format", "As", "page", List.of("page", "pdf", "json")))));
    }
    if (!kinds.contains(request.parameter("kind"))) {
      throw invalid("kind: expected one of " + String.join(", ", kinds));
    }
    long from = day(request.parameter("from"), 0);
    long to = day(request.parameter("to"), Long.MAX_VALUE);
    Report report =
        reports.make(Reports.Kind.valueOf(request.parameter("kind")), tenant(tenant), from, to);
    return switch (request.parameter("format")) {
      case "json" -> WebAnswer.json(report.json()).download("report.json");
      case "pdf" -> WebAnswer.of("application/pdf", ReportPdf.of(report)).download("report.pdf");
      default -> WebAnswer.page(report.page());
    };
  }

  private static TenantId tenant(String name) {
    if (!TenantId.isValid(name)) {
      throw invalid("tenant: expected [a-z0-9-]{1,63}");
    }
    return new TenantId(name);
  }

  /** Begin of a UTC day, in milliseconds since the epoch. */
  private static long day(String text, long absent) {
    try {
      return text.isEmpty()
          ? absent
          : LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
    } catch (DateTimeException e) {
      throw invalid("expected a day such as 2026-03-01");
    }
  }

  private static RuntimeException invalid(String what) {
    return Refusal.of(ErrorCode.INVALID_REQUEST, what).asException();
  }

  private static AuditRecorded parse(byte[] payload) {
    try {
      return AuditRecorded.parseFrom(payload);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a sealed record is no audit record", e);
    }
  }
}
