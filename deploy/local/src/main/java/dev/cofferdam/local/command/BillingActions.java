package dev.cofferdam.local.command;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import dev.cofferdam.proto.metering.v1.BillingServiceGrpc;
import dev.cofferdam.proto.metering.v1.BillingServiceGrpc.BillingServiceBlockingStub;
import dev.cofferdam.proto.metering.v1.CostReason;
import dev.cofferdam.proto.metering.v1.CostServiceGrpc;
import dev.cofferdam.proto.metering.v1.DocumentFormat;
import dev.cofferdam.proto.metering.v1.DraftInvoiceRequest;
import dev.cofferdam.proto.metering.v1.ExportFocusRequest;
import dev.cofferdam.proto.metering.v1.ExportFocusResponse;
import dev.cofferdam.proto.metering.v1.FocusFormat;
import dev.cofferdam.proto.metering.v1.FocusServiceGrpc;
import dev.cofferdam.proto.metering.v1.GetCostsRequest;
import dev.cofferdam.proto.metering.v1.GetCostsResponse;
import dev.cofferdam.proto.metering.v1.GetInvoiceRequest;
import dev.cofferdam.proto.metering.v1.InvoiceSummary;
import dev.cofferdam.proto.metering.v1.IssueInvoiceRequest;
import dev.cofferdam.proto.metering.v1.ListInvoicesRequest;
import dev.cofferdam.proto.metering.v1.ListInvoicesResponse;
import dev.cofferdam.proto.metering.v1.ListLineUsesRequest;
import dev.cofferdam.proto.metering.v1.ListLineUsesResponse;
import dev.cofferdam.proto.metering.v1.PoolCost;
import dev.cofferdam.proto.metering.v1.TenantCost;
import io.grpc.Channel;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.YearMonth;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** What {@code ./cofferdam billing} can do. */
final class BillingActions {
  static final String USAGE =
      "billing draft|issue TENANT MONTH | draft|issue TENANT FROM TO | list [TENANT]"
          + " | show NUMBER [--format json|csv|pdf] [--out FILE] | line NUMBER LINE"
          + " | line draft LINE TENANT MONTH|FROM TO"
          + " | costs MONTH|FROM TO [--tenant T] [--json]"
          + " | focus MONTH|FROM TO --out FILE [--format csv|parquet] [--tenant T]";

  /** Pricing a large month takes its time. */
  private static final long CALL_MS = 300_000;

  private static final int MESSAGE_BYTES_MAX = 256 << 20;

  private final Channel channel;
  private final Path directory;
  private final PrintStream out;

  BillingActions(Channel channel, Path directory, PrintStream out) {
    this.channel = channel;
    this.directory = directory;
    this.out = out;
  }

  void run(Arguments arguments) throws IOException {
    List<String> words = arguments.words();
    switch (words.getFirst()) {
      case "draft" -> {
        Days days = days(words, 2);
        out.println(
            json(
                billing()
                    .draftInvoice(
                        DraftInvoiceRequest.newBuilder()
                            .setTenant(words.get(1))
                            .setFromDay(days.from())
                            .setToDay(days.to())
                            .build())
                    .getInvoice()));
      }
      case "issue" -> {
        Days days = days(words, 2);
        out.println(
            json(
                billing()
                    .issueInvoice(
                        IssueInvoiceRequest.newBuilder()
                            .setTenant(words.get(1))
                            .setFromDay(days.from())
                            .setToDay(days.to())
                            .build())
                    .getInvoice()));
      }
      case "list" -> list(words);
      case "show" -> show(arguments);
      case "line" -> line(words);
      case "costs" -> costs(arguments);
      case "focus" -> focus(arguments);
      default -> throw new UsageException(USAGE);
    }
  }

  private BillingServiceBlockingStub billing() {
    return BillingServiceGrpc.newBlockingStub(channel)
        .withMaxInboundMessageSize(MESSAGE_BYTES_MAX)
        .withDeadlineAfter(CALL_MS, TimeUnit.MILLISECONDS);
  }

  private void list(List<String> words) {
    count(words, 1, 2);
    String tenant = words.size() == 2 ? words.get(1) : "";
    long after = 0;
    while (true) {
      ListInvoicesResponse page =
          billing()
              .listInvoices(
                  ListInvoicesRequest.newBuilder().setTenant(tenant).setAfterNumber(after).build());
      if (page.getInvoicesCount() == 0) {
        return;
      }
      for (InvoiceSummary invoice : page.getInvoicesList()) {
        out.printf(
            "%6d  %-24s %s to %s  %14s %s  %s%n",
            invoice.getNumber(),
            invoice.getTenant(),
            invoice.getFromDay(),
            invoice.getToDay(),
            invoice.getDue(),
            invoice.getCurrency(),
            invoice.getContentSha256());
        after = invoice.getNumber();
      }
    }
  }

  private void show(Arguments arguments) throws IOException {
    count(arguments.words(), 2, 2);
    DocumentFormat format =
        switch (arguments.value("--format").orElse("json")) {
          case "json" -> DocumentFormat.DOCUMENT_FORMAT_JSON;
          case "csv" -> DocumentFormat.DOCUMENT_FORMAT_CSV;
          case "pdf" -> DocumentFormat.DOCUMENT_FORMAT_PDF;
          default -> throw new UsageException("--format: json, csv or pdf was expected");
        };
    write(
        arguments.value("--out"),
        billing()
            .getInvoice(
                GetInvoiceRequest.newBuilder()
                    .setNumber(number(arguments.words().get(1)))
                    .setFormat(format)
                    .build())
            .getDocument()
            .toByteArray());
  }

  private void line(List<String> words) {
    count(words, 3, 6);
    ListLineUsesRequest.Builder wanted =
        ListLineUsesRequest.newBuilder().setLine(Math.toIntExact(number(words.get(2))));
    if (words.get(1).equals("draft")) {
      Days days = days(words, 4);
      wanted.setTenant(words.get(3)).setFromDay(days.from()).setToDay(days.to());
    } else {
      count(words, 3, 3);
      wanted.setNumber(number(words.get(1)));
    }
    long offset = 0;
    while (true) {
      ListLineUsesResponse page = billing().listLineUses(wanted.setOffset(offset).build());
      page.getUsesList()
          .forEach(
              use ->
                  out.printf(
                      "%s  %s  %d%n",
                      Instant.ofEpochMilli(use.getAtEpochMs()), use.getId(), use.getUnits()));
      offset += page.getUsesCount();
      if (!page.getMore()) {
        return;
      }
    }
  }

  private void costs(Arguments arguments) {
    Days days = days(arguments.words(), 1);
    GetCostsResponse costs =
        CostServiceGrpc.newBlockingStub(channel)
            .withDeadlineAfter(CALL_MS, TimeUnit.MILLISECONDS)
            .getCosts(
                GetCostsRequest.newBuilder()
                    .setTenant(arguments.value("--tenant").orElse(""))
                    .setFromDay(days.from())
                    .setToDay(days.to())
                    .build());
    if (arguments.has("--json")) {
      out.println(json(costs));
    } else {
      table(costs);
    }
  }

  private static String words(CostReason why) {
    String causes =
        why.getCausesList().stream()
            .map(cause -> " by " + cause.getTenant() + " " + cause.getTimes() + "x")
            .collect(Collectors.joining());
    return String.format(
        Locale.ROOT, "%s %.2f (all: %.2f)%s", why.getKind(), why.getOwn(), why.getAll(), causes);
  }

  private void table(GetCostsResponse costs) {
    out.printf(
        "%-24s %20s %14s %14s   in %s%n",
        "tenant", "charged", "cost", "margin", costs.getCurrency());
    for (TenantCost tenant : costs.getTenantsList()) {
      out.printf(
          "%-24s %20s %14s %14s   %s%n",
          tenant.getTenant(),
          tenant.getBillsList().stream()
              .map(bill -> bill.getAmount() + " " + bill.getCurrency())
              .collect(Collectors.joining(", ")),
          tenant.getCost(),
          tenant.getMargin(),
          tenant.getReasonsList().stream()
              .map(BillingActions::words)
              .collect(Collectors.joining(", ")));
    }
    out.printf(
        "%n%-24s %20s %14s %14s %14s %14s%n",
        "pool", "node hours", "paid", "tenants", "shadows", "idle");
    for (PoolCost pool : costs.getPoolsList()) {
      out.printf(
          "%-24s %20d %14s %14s %14s %14s%n",
          pool.getPool(),
          pool.getNodeHours(),
          pool.getPaid(),
          pool.getUsed(),
          pool.getShadows(),
          pool.getIdle());
    }
  }

  private void focus(Arguments arguments) throws IOException {
    Days days = days(arguments.words(), 1);
    FocusFormat format =
        switch (arguments.value("--format").orElse("csv")) {
          case "csv" -> FocusFormat.FOCUS_FORMAT_CSV;
          case "parquet" -> FocusFormat.FOCUS_FORMAT_PARQUET;
          default -> throw new UsageException("--format: csv or parquet was expected");
        };
    Path file =
        directory.resolve(
            arguments
                .value("--out")
                .orElseThrow(() -> new UsageException("focus: --out FILE was expected")));
    Iterator<ExportFocusResponse> pieces =
        FocusServiceGrpc.newBlockingStub(channel)
            .withDeadlineAfter(CALL_MS, TimeUnit.MILLISECONDS)
            .exportFocus(
                ExportFocusRequest.newBuilder()
                    .setTenant(arguments.value("--tenant").orElse(""))
                    .setFromDay(days.from())
                    .setToDay(days.to())
                    .setFormat(format)
                    .build());
    // A refusal comes with the first piece, before there is a file.
    if (!pieces.hasNext()) {
      throw new IllegalStateException("an export begins with its columns");
    }
    try (OutputStream to = Files.newOutputStream(file)) {
      while (pieces.hasNext()) {
        pieces.next().getChunk().writeTo(to);
      }
    }
  }

  private void write(Optional<String> file, byte[] bytes) throws IOException {
    if (file.isPresent()) {
      Files.write(directory.resolve(file.get()), bytes);
    } else {
      out.write(bytes);
      out.flush();
    }
  }

  /** The days of a month, or those that are named. */
  private record Days(String from, String to) {}

  private static Days days(List<String> words, int at) {
    if (words.size() == at + 2) {
      return new Days(words.get(at), words.get(at + 1));
    }
    count(words, at + 1, at + 1);
    try {
      YearMonth month = YearMonth.parse(words.get(at));
      return new Days(month.atDay(1).toString(), month.plusMonths(1).atDay(1).toString());
    } catch (DateTimeException e) {
      throw new UsageException(words.get(at) + " (expected: a month such as 2026-03, or two days)");
    }
  }

  private static long number(String word) {
    if (!word.matches("[0-9]{1,9}")) {
      throw new UsageException(word + " (expected: a number)");
    }
    return Long.parseLong(word);
  }

  private static void count(List<String> words, int least, int most) {
    if (words.size() < least || words.size() > most) {
      throw new UsageException(USAGE);
    }
  }

  private static String json(Message message) {
    try {
      return JsonFormat.printer().preservingProtoFieldNames().print(message);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("an answer cannot be printed", e);
    }
  }
}
