package dev.cofferdam.metering.invoice.grpc;

import static dev.cofferdam.metering.api.grpc.CallerViews.available;
import static dev.cofferdam.metering.api.grpc.CallerViews.invalid;
import static dev.cofferdam.metering.api.grpc.CallerViews.refused;

import com.google.protobuf.ByteString;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.metering.api.HeavyWork;
import dev.cofferdam.metering.api.grpc.CallerViews;
import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.metering.invoice.Invoice;
import dev.cofferdam.metering.invoice.Invoices;
import dev.cofferdam.metering.invoice.Invoicing;
import dev.cofferdam.metering.invoice.Issue;
import dev.cofferdam.metering.invoice.json.JsonDocuments;
import dev.cofferdam.proto.metering.v1.BillingServiceGrpc;
import dev.cofferdam.proto.metering.v1.DraftInvoiceRequest;
import dev.cofferdam.proto.metering.v1.DraftInvoiceResponse;
import dev.cofferdam.proto.metering.v1.GetInvoiceRequest;
import dev.cofferdam.proto.metering.v1.GetInvoiceResponse;
import dev.cofferdam.proto.metering.v1.InvoiceSummary;
import dev.cofferdam.proto.metering.v1.IssueInvoiceRequest;
import dev.cofferdam.proto.metering.v1.IssueInvoiceResponse;
import dev.cofferdam.proto.metering.v1.LineUse;
import dev.cofferdam.proto.metering.v1.ListInvoicesRequest;
import dev.cofferdam.proto.metering.v1.ListInvoicesResponse;
import dev.cofferdam.proto.metering.v1.ListLineUsesRequest;
import dev.cofferdam.proto.metering.v1.ListLineUsesResponse;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantId;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Optional;

/** Invoices on gRPC. A tenant's certificate opens that tenant's and no others. */
public final class BillingEndpoint extends BillingServiceGrpc.BillingServiceImplBase {
  private static final int PAGE_INVOICES = 100;
  private static final int PAGE_INVOICES_MAX = 1_000;
  private static final int PAGE_USES = 1_000;
  private static final int PAGE_USES_MAX = 10_000;

  private final CallerViews callers;
  private final Invoicing invoicing;
  private final Invoices invoices;
  private final InvoiceForms forms;
  private final HeavyWork work;

  public BillingEndpoint(
      CallerViews callers,
      Invoicing invoicing,
      Invoices invoices,
      InvoiceForms forms,
      HeavyWork work) {
    this.callers = callers;
    this.invoicing = invoicing;
    this.invoices = invoices;
    this.forms = forms;
    this.work = work;
  }

  @Override
  public void draftInvoice(
      DraftInvoiceRequest request, StreamObserver<DraftInvoiceResponse> answer) {
    TenantId tenant = tenant(request.getTenant(), "DraftInvoice");
    Days days = RequestDays.of(request.getFromDay(), request.getToDay());
    switch (work.run(() -> invoicing.draft(tenant, days))) {
      case Issue.Drafted drafted ->
          tell(
              answer,
              DraftInvoiceResponse.newBuilder()
                  .setInvoice(JsonDocuments.message(drafted.invoice()))
                  .build());
      case Issue refusal -> throw refusal(refusal);
    }
  }

  @Override
  public void issueInvoice(
      IssueInvoiceRequest request, StreamObserver<IssueInvoiceResponse> answer) {
    TenantId tenant = tenant(request.getTenant(), "IssueInvoice");
    Days days = RequestDays.of(request.getFromDay(), request.getToDay());
    switch (work.run(() -> invoicing.issue(tenant, days))) {
      case Issue.Issued issued ->
          tell(
              answer,
              IssueInvoiceResponse.newBuilder()
                  .setInvoice(JsonDocuments.message(issued.stored().invoice()))
                  .setContentSha256(issued.stored().sha256())
                  .build());
      case Issue refusal -> throw refusal(refusal);
    }
  }

  @Override
  public void listInvoices(
      ListInvoicesRequest request, StreamObserver<ListInvoicesResponse> answer) {
    View view = callers.of(request.getTenant(), "ListInvoices");
    int most = page(request.getPageSize(), PAGE_INVOICES, PAGE_INVOICES_MAX);
    ListInvoicesResponse.Builder response = ListInvoicesResponse.newBuilder();
    available(() -> invoices.list(view, Math.max(0, request.getAfterNumber()), most))
        .forEach(stored -> response.addInvoices(summary(stored)));
    tell(answer, response.build());
  }

  @Override
  public void getInvoice(GetInvoiceRequest request, StreamObserver<GetInvoiceResponse> answer) {
    Invoices.Stored stored = stored(request.getNumber(), "GetInvoice");
    InvoiceForms.Form form = forms.of(request.getFormat(), stored);
    tell(
        answer,
        GetInvoiceResponse.newBuilder()
            .setDocument(ByteString.copyFrom(form.document()))
            .setContentType(form.contentType())
            .setContentSha256(stored.sha256())
            .build());
  }

  @Override
  public void listLineUses(
      ListLineUsesRequest request, StreamObserver<ListLineUsesResponse> answer) {
    Invoice invoice =
        request.getNumber() == 0
            ? draft(request)
            : stored(request.getNumber(), "ListLineUses").invoice();
    Invoice.Line line =
        invoice.lines().stream()
            .filter(one -> one.number() == request.getLine())
            .findFirst()
            .orElseThrow(() -> refused(ErrorCode.NOT_FOUND, "the invoice has no such line"));
    if (request.getOffset() < 0) {
      throw invalid("offset", "expected 0 or more");
    }
    int most = page(request.getPageSize(), PAGE_USES, PAGE_USES_MAX);
    List<Invoicing.LineUse> uses =
        work.run(() -> invoicing.lineUses(invoice, line, request.getOffset(), most + 1));
    ListLineUsesResponse.Builder response =
        ListLineUsesResponse.newBuilder()
            .setMore(uses.size() > most)
            .setLine(JsonDocuments.message(line));
    uses.stream()
        .limit(most)
        .forEach(
            use ->
                response.addUses(
                    LineUse.newBuilder()
                        .setId(use.id())
                        .setAtEpochMs(use.at().toEpochMilli())
                        .setUnits(use.units())));
    tell(answer, response.build());
  }

  private Invoice draft(ListLineUsesRequest request) {
    TenantId tenant = tenant(request.getTenant(), "ListLineUses");
    Days days = RequestDays.of(request.getFromDay(), request.getToDay());
    return switch (work.run(() -> invoicing.draft(tenant, days))) {
      case Issue.Drafted drafted -> drafted.invoice();
      case Issue refusal -> throw refusal(refusal);
    };
  }

  /**
   * An invoice that the caller may see; another tenant's is as if it were not there, and the
   * attempt is recorded.
   */
  private Invoices.Stored stored(long number, String method) {
    View view = callers.of("", method);
    Optional<Invoices.Stored> stored = available(() -> invoices.find(view, number));
    if (stored.isEmpty() && available(() -> invoices.isAnothers(view, number))) {
      callers.crossed(method);
    }
    return stored.orElseThrow(() -> refused(ErrorCode.NOT_FOUND, "no such invoice"));
  }

  private TenantId tenant(String asked, String method) {
    return switch (callers.of(asked, method)) {
      case View.Of of -> of.tenant();
      case View.Everybody everybody -> throw invalid("tenant", "missing");
    };
  }

  private static int page(int asked, int usual, int most) {
    if (asked < 0 || asked > most) {
      throw invalid("page_size", "expected 1 to " + most);
    }
    return asked == 0 ? usual : asked;
  }

  private static RefusedException refusal(Issue issue) {
    return switch (issue) {
      case Issue.Unpriced none ->
          refused(ErrorCode.FAILED_PRECONDITION, "the tenant has no rate card");
      case Issue.NotOver early -> refused(ErrorCode.FAILED_PRECONDITION, "the period is not over");
      case Issue.Overlapping other ->
          refused(
              ErrorCode.FAILED_PRECONDITION, "a day of the period is on invoice " + other.number());
      case Issue.Contended others ->
          refused(ErrorCode.CONFLICT, "others issue invoices of the tenant at the same time");
      case Issue.Issued issued -> throw new IllegalStateException("an invoice is no refusal");
      case Issue.Drafted drafted -> throw new IllegalStateException("a draft is no refusal");
    };
  }

  private static InvoiceSummary summary(Invoices.Stored stored) {
    Invoice invoice = stored.invoice();
    return InvoiceSummary.newBuilder()
        .setNumber(invoice.number())
        .setTenant(invoice.tenant().value())
        .setFromDay(invoice.days().from().toString())
        .setToDay(invoice.days().to().toString())
        .setIssuedAt(invoice.issued().toString())
        .setCurrency(invoice.currency())
        .setTotal(invoice.total().toPlainString())
        .setDue(invoice.due().toPlainString())
        .setContentSha256(stored.sha256())
        .build();
  }

  private static <T> void tell(StreamObserver<T> answer, T message) {
    answer.onNext(message);
    answer.onCompleted();
  }
}
