package dev.cofferdam.metering.console;

import dev.cofferdam.mesh.Caller;
import dev.cofferdam.mesh.store.Access;
import dev.cofferdam.mesh.store.StoreUnavailableException;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.mesh.store.Violation;
import dev.cofferdam.mesh.web.WebAnswer;
import dev.cofferdam.mesh.web.WebRequest;
import dev.cofferdam.mesh.web.WebServer;
import dev.cofferdam.metering.api.HeavyWork;
import dev.cofferdam.metering.cost.Costing;
import dev.cofferdam.metering.invoice.DailyCharges;
import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.metering.invoice.Invoice;
import dev.cofferdam.metering.invoice.InvoiceCsv;
import dev.cofferdam.metering.invoice.Invoices;
import dev.cofferdam.metering.invoice.Invoices.Stored;
import dev.cofferdam.metering.invoice.Invoicing;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.SpiffeId;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The pages. A tenant's certificate shows that tenant's bills and its line of the costs, an
 * operator's shows all. Another tenant's is refused, and recorded as an attempt.
 */
public final class FinopsPages implements WebServer.Handler {
  private static final Pattern INVOICE =
      Pattern.compile("/invoices/([0-9]{1,15})(\\.json|\\.csv|\\.pdf|/lines/([0-9]{1,9}))?");
  private static final Pattern AFTER = Pattern.compile("[0-9]{0,15}");
  private static final int INVOICES_MAX = 500;
  private static final int USES_MAX = 1_000;
  private static final int DAYS_MAX = 366;

  private final Costing costing;
  private final DailyCharges charges;
  private final Invoicing invoicing;
  private final Invoices invoices;
  private final Function<Stored, byte[]> pdf;
  private final Function<View, List<BudgetLine>> budgets;
  private final Violation.Recorder violations;
  private final HeavyWork work;
  private final InstantSource clock;

  /**
   * @param pdf an invoice as pages
   * @param budgets how far the budgets of a view are spent
   * @param violations told of each attempt to see another tenant's, before it is refused
   */
  public FinopsPages(
      Costing costing,
      DailyCharges charges,
      Invoicing invoicing,
      Invoices invoices,
      Function<Stored, byte[]> pdf,
      Function<View, List<BudgetLine>> budgets,
      Violation.Recorder violations,
      HeavyWork work,
      InstantSource clock) {
    this.costing = costing;
    this.charges = charges;
    this.invoicing = invoicing;
    this.invoices = invoices;
    this.pdf = pdf;
    this.budgets = budgets;
    this.violations = violations;
    this.work = work;
    this.clock = clock;
  }

  @Override
  public Optional<WebAnswer> answer(WebRequest request) {
    try {
      return switch (request.path()) {
        case "/" -> Optional.of(work.run(() -> costs(request)));
        case "/invoices" -> Optional.of(list(request));
        default -> invoice(request);
      };
    } catch (StoreUnavailableException e) {
      throw Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "the ledger is not available")
          .asException();
    }
  }

  private WebAnswer costs(WebRequest request) {
    View view = view(request);
    Days days = days(request);
    CostPage page = new CostPage(days, request.parameter("tenant"), isOperator(request.caller()));
    page.period();
    List<DailyCharges.Row> charged = charges.of(view, days, DailyCharges.Grain.HOURS);
    page.report(costing.report(view, days, charged));
    page.byDay(charged);
    page.budgets(budgets.apply(view));
    return WebAnswer.page(page.page());
  }

  private WebAnswer list(WebRequest request) {
    View view = view(request);
    String after = request.parameter("after");
    if (!AFTER.matcher(after).matches()) {
      throw refused(ErrorCode.INVALID_REQUEST, "after: expected a number");
    }
    return WebAnswer.page(
        InvoicePage.list(
            invoices.list(view, after.isEmpty() ? 0 : Long.parseLong(after), INVOICES_MAX),
            INVOICES_MAX,
            request.parameter("tenant"),
            isOperator(request.caller())));
  }

  private Optional<WebAnswer> invoice(WebRequest request) {
    Matcher path = INVOICE.matcher(request.path());
    if (!path.matches()) {
      return Optional.empty();
    }
    View view = view(request);
    long number = Long.parseLong(path.group(1));
    Optional<Stored> found = invoices.find(view, number);
    if (found.isEmpty() && invoices.isAnothers(view, number)) {
      violations.record(Violation.of(request.caller(), "the console"));
    }
    return found.flatMap(
        stored -> document(stored, Optional.ofNullable(path.group(2)).orElse(""), path));
  }

  private Optional<WebAnswer> document(Stored stored, String form, Matcher path) {
    Invoice invoice = stored.invoice();
    String name = "invoice-" + invoice.number();
    return switch (form) {
      case "" -> Optional.of(WebAnswer.page(InvoicePage.of(stored)));
      case ".json" ->
          Optional.of(WebAnswer.of("application/json", stored.document()).download(name + ".json"));
      case ".csv" ->
          Optional.of(
              WebAnswer.of(
                      "text/csv; charset=utf-8",
                      InvoiceCsv.of(invoice).getBytes(StandardCharsets.UTF_8))
                  .download(name + ".csv"));
      case ".pdf" ->
          Optional.of(WebAnswer.of("application/pdf", pdf.apply(stored)).download(name + ".pdf"));
      default -> {
        int number = Integer.parseInt(path.group(3));
        yield invoice.lines().stream()
            .filter(line -> line.number() == number)
            .findFirst()
            .map(
                line ->
                    WebAnswer.page(
                        InvoicePage.uses(
                            invoice,
                            line,
                            work.run(() -> invoicing.lineUses(invoice, line, 0, USES_MAX + 1)),
                            USES_MAX)));
      }
    };
  }

  /** Whoever may not read here at all is on the audit log. */
  public void refused(Caller caller, String asked) {
    violations.record(Violation.of(caller, asked));
  }

  private View view(WebRequest request) {
    Caller caller = request.caller();
    SpiffeId id = caller.id().orElseThrow();
    return switch (Access.decide(id, request.parameter("tenant"))) {
      case Access.Granted granted -> granted.view();
      case Access.Crossing crossing -> {
        violations.record(Violation.of(caller, "the console"));
        throw refused(
            ErrorCode.IDENTITY_MISMATCH, "the certificate is another tenant's than the one asked");
      }
      case Access.Malformed malformed ->
          throw refused(ErrorCode.INVALID_REQUEST, "tenant: expected [a-z0-9-]{1,63}");
      case Access.Stranger stranger ->
          throw refused(ErrorCode.CALL_NOT_ALLOWED, "this identity may not read usage");
    };
  }

  /** The days that are asked for; without any, those of the current month up to today. */
  private Days days(WebRequest request) {
    String from = request.parameter("from");
    String to = request.parameter("to");
    if (from.isEmpty() && to.isEmpty()) {
      LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
      return new Days(today.withDayOfMonth(1), today.plusDays(1));
    }
    return Days.parse(from, to)
        .filter(days -> !days.from().plusDays(DAYS_MAX).isBefore(days.to()))
        .orElseThrow(
            () ->
                refused(
                    ErrorCode.INVALID_REQUEST,
                    "from and to: expected days such as 2026-03-01, at most " + DAYS_MAX));
  }

  private static boolean isOperator(Caller caller) {
    return caller.role() == SpiffeId.Role.OPERATOR;
  }

  private static RefusedException refused(ErrorCode code, String message) {
    return Refusal.of(code, message).asException();
  }
}
