package dev.cofferdam.gateway.console;

import dev.cofferdam.mesh.Caller;
import dev.cofferdam.mesh.web.Page;
import dev.cofferdam.mesh.web.Page.Tone;
import dev.cofferdam.mesh.web.WebAnswer;
import dev.cofferdam.mesh.web.WebRequest;
import dev.cofferdam.mesh.web.WebServer;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/**
 * The console. An operator's certificate opens all of its pages, a tenant's those of that tenant,
 * as long as its record is there. Pages only show: nothing that a browser sends changes anything,
 * so that there is nothing that another site could have it send.
 */
public final class ConsolePages implements WebServer.Handler {
  private static final String ASKED = "the console";
  private static final int LIVE_MS = 2_000;
  private static final String TENANT = "/tenants/";

  private final Sources sources;
  private final Supplier<List<TenantProfile>> tenants;
  private final BiConsumer<Caller, String> onRefused;
  private final InstantSource clock;
  private final Optional<Traces> traces;
  private final String traceUrl;

  /**
   * @param tenants the records of all tenants
   * @param onRefused told of a tenant that asked for another's pages
   * @param traces where spans are kept; empty: none are shown
   * @param traceUrl of a request's trace, with {@code {request}} for its id; empty: there is none
   */
  public ConsolePages(
      Sources sources,
      Supplier<List<TenantProfile>> tenants,
      BiConsumer<Caller, String> onRefused,
      InstantSource clock,
      Optional<Traces> traces,
      String traceUrl) {
    this.sources = sources;
    this.tenants = tenants;
    this.onRefused = onRefused;
    this.clock = clock;
    this.traces = traces;
    this.traceUrl = traceUrl;
  }

  @Override
  public Optional<WebAnswer> answer(WebRequest request) {
    SpiffeId reader = request.caller().id().orElseThrow();
    Optional<TenantId> own = reader.tenant();
    return own.isPresent()
        ? ofTenant(request, reader, own.get())
        : ofOperator(request, reader).map(WebAnswer::page);
  }

  private Optional<WebAnswer> ofTenant(WebRequest request, SpiffeId reader, TenantId own) {
    TenantProfile profile =
        profile(own)
            .orElseThrow(
                () -> refused(ErrorCode.CALL_NOT_ALLOWED, "this tenant is not known any more"));
    String asked = request.parameter("tenant");
    if (!asked.isEmpty() && !asked.equals(own.value())) {
      onRefused.accept(request.caller(), ASKED);
      throw refused(
          ErrorCode.IDENTITY_MISMATCH, "the certificate is another tenant's than the one asked");
    }
    Page page =
        switch (request.path()) {
          case "/" -> tenant(navigated("Overview", false), profile, reader);
          case "/requests" -> request(navigated("A request", false), request, reader);
          case "/tenants", "/fairness", "/costs" ->
              throw refused(ErrorCode.CALL_NOT_ALLOWED, "these pages are for operators");
          default -> {
            if (request.path().startsWith(TENANT)) {
              throw refused(ErrorCode.CALL_NOT_ALLOWED, "these pages are for operators");
            }
            yield null;
          }
        };
    return Optional.ofNullable(page).map(WebAnswer::page);
  }

  private Optional<Page> ofOperator(WebRequest request, SpiffeId reader) {
    return switch (request.path()) {
      case "/" -> Optional.of(fleet(reader));
      case "/tenants" -> Optional.of(tenantList(reader));
      case "/fairness" -> Optional.of(fairness(request, reader));
      case "/costs" -> Optional.of(costs(reader));
      case "/requests" -> Optional.of(request(navigated("A request", true), request, reader));
      default ->
          request.path().startsWith(TENANT)
              ? profile(request.path().substring(TENANT.length()))
                  .map(p -> tenant(navigated("Tenant " + p.id().value(), true), p, reader))
              : Optional.empty();
    };
  }

  private static Page navigated(String title, boolean operator) {
    Page page = new Page(title);
    return operator
        ? page.navigate("Fleet", "/")
            .navigate("Tenants", "/tenants")
            .navigate("Fairness", "/fairness")
            .navigate("Costs", "/costs")
            .navigate("A request", "/requests")
        : page.navigate("Overview", "/").navigate("A request", "/requests");
  }

  private Optional<TenantProfile> profile(String id) {
    return TenantId.isValid(id) ? profile(new TenantId(id)) : Optional.empty();
  }

  private Optional<TenantProfile> profile(TenantId id) {
    return tenants.get().stream().filter(p -> p.id().equals(id)).findFirst();
  }

  private Page fleet(SpiffeId reader) {
    Page page = navigated("Fleet", true).live(LIVE_MS);
    shown(page, "The fleet", () -> FleetSection.add(page, sources.fleet(reader)));
    return page;
  }

  private Page tenantList(SpiffeId reader) {
    Page page = navigated("Tenants", true);
    Today today = Today.at(clock.instant());
    shown(
        page,
        "What tenants use",
        () ->
            TenantSection.list(
                page,
                tenants.get(),
                sources.rollups(reader, today.grain(), today.monthMs(), today.endMs()),
                today));
    return page;
  }

  private Page tenant(Page page, TenantProfile profile, SpiffeId reader) {
    if (profile.status() != TenantProfile.Status.ACTIVE) {
      page.notice(
          Tone.WARNING, "The tenant is " + profile.status().name().toLowerCase(Locale.ROOT) + ".");
    }
    Today today = Today.at(clock.instant());
    TenantSection.limits(page, profile);
    shown(
        page,
        "Use and budgets",
        () ->
            TenantSection.use(
                page,
                profile,
                sources.rollups(reader, today.grain(), today.monthMs(), today.endMs()).stream()
                    .filter(r -> r.getTenant().equals(profile.id().value()))
                    .toList(),
                today));
    shown(
        page,
        "What it is charged this month",
        () ->
            CostSection.charges(
                page,
                sources.costs(reader, profile.id().value(), today.firstOfMonth(), today.next()),
                profile,
                reader.role() == SpiffeId.Role.OPERATOR));
    return page;
  }

  private Page fairness(WebRequest request, SpiffeId reader) {
    Page page = navigated("Fairness", true);
    FairnessSection.Span span = FairnessSection.span(request.parameter("over"));
    page.filter(
        "/fairness",
        List.of(new Page.Field("over", "Over", span.label(), FairnessSection.labels())));
    long nowMs = clock.millis();
    shown(
        page,
        "Fairness over time",
        () ->
            FairnessSection.add(
                page,
                span,
                sources.rollups(reader, span.period(), span.fromMs(nowMs), 0),
                tenants.get(),
                nowMs));
    return page;
  }

  private Page costs(SpiffeId reader) {
    Page page = navigated("Costs", true);
    Today today = Today.at(clock.instant());
    shown(
        page,
        "Costs",
        () -> CostSection.all(page, sources.costs(reader, "", today.firstOfMonth(), today.next())));
    return page;
  }

  private Page request(Page page, WebRequest asked, SpiffeId reader) {
    String id = asked.parameter("id").strip();
    page.filter("/requests", List.of(new Page.Field("id", "Request id", id, List.of())));
    if (id.isEmpty()) {
      return page.text("The id is in each answer's x-request-id.");
    }
    if (!RequestId.isValid(id)) {
      throw refused(ErrorCode.INVALID_REQUEST, "id: expected 32 hexadecimal digits");
    }
    RequestId request = new RequestId(id);
    boolean[] known = new boolean[1];
    shown(
        page,
        "What the audit log says",
        () -> known[0] |= RequestSection.records(page, sources.records(reader, request)));
    shown(
        page,
        "What its attempts used",
        () -> known[0] |= RequestSection.usage(page, sources.usage(reader, request)));
    if (reader.role() == SpiffeId.Role.OPERATOR) {
      shown(
          page,
          "Why it was placed there",
          () ->
              sources
                  .explanation(reader, request)
                  .ifPresent(found -> RequestSection.explanation(page, found)));
      traces.ifPresent(
          store ->
              shown(page, "Its trace", () -> TraceSection.add(page, store.ofRequest(request))));
    }
    shown(
        page,
        "Proofs",
        () ->
            sources
                .records(reader, request)
                .forEach(
                    record ->
                        RequestSection.proof(
                            page, record, sources.proof(reader, record.getIndex()))));
    if (!known[0]) {
      page.notice(Tone.WARNING, "Nothing is known of such a request, or not yet.");
    } else if (!traceUrl.isEmpty() && reader.role() == SpiffeId.Role.OPERATOR) {
      page.link("Its trace", traceUrl.replace("{request}", request.value()));
    }
    return page;
  }

  /** A part of a page; where its service is away, the page says so and goes on. */
  private static void shown(Page page, String heading, Runnable section) {
    try {
      section.run();
    } catch (RefusedException e) {
      ErrorCode code = e.refusal().code();
      if (!code.retryable() && code != ErrorCode.NOT_OFFERED) {
        throw e;
      }
      page.notice(Tone.WARNING, heading + ": " + e.refusal().message() + ".");
    }
  }

  private static RefusedException refused(ErrorCode code, String message) {
    return Refusal.of(code, message).asException();
  }
}
