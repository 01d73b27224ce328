package dev.cofferdam.metering.app;

import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.kafka.ConfigFeed;
import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.mesh.store.Violation;
import dev.cofferdam.mesh.web.WebServer;
import dev.cofferdam.metering.api.HeavyWork;
import dev.cofferdam.metering.api.grpc.CallerViews;
import dev.cofferdam.metering.budget.RatedCosts;
import dev.cofferdam.metering.budget.postgres.LedgerSpending;
import dev.cofferdam.metering.console.FinopsPages;
import dev.cofferdam.metering.cost.CostRates;
import dev.cofferdam.metering.cost.Costing;
import dev.cofferdam.metering.cost.grpc.CostEndpoint;
import dev.cofferdam.metering.cost.kafka.ConfiguredHours;
import dev.cofferdam.metering.cost.postgres.PostgresCostFacts;
import dev.cofferdam.metering.cost.postgres.PostgresHourBook;
import dev.cofferdam.metering.focus.FocusRows;
import dev.cofferdam.metering.focus.grpc.FocusEndpoint;
import dev.cofferdam.metering.focus.parquet.FocusParquet;
import dev.cofferdam.metering.invoice.BilledUse;
import dev.cofferdam.metering.invoice.DailyCharges;
import dev.cofferdam.metering.invoice.InvoiceCsv;
import dev.cofferdam.metering.invoice.Invoices;
import dev.cofferdam.metering.invoice.Invoicing;
import dev.cofferdam.metering.invoice.grpc.BillingEndpoint;
import dev.cofferdam.metering.invoice.grpc.InvoiceForms;
import dev.cofferdam.metering.invoice.json.JsonDocuments;
import dev.cofferdam.metering.invoice.pdf.InvoicePdf;
import dev.cofferdam.metering.invoice.postgres.PostgresBilledUse;
import dev.cofferdam.metering.invoice.postgres.PostgresInvoices;
import dev.cofferdam.metering.ledger.postgres.PostgresUsageViews;
import dev.cofferdam.metering.pricing.RateBook;
import dev.cofferdam.metering.pricing.kafka.ConfiguredRateBook;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.RateCard;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.vocabulary.SpiffeId;
import io.grpc.BindableService;
import java.time.Clock;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Bills and costs: the views of configuration that they need, and what serves them. */
final class Billing implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Billing.class);
  private static final long KEEP_S = 20;

  /** Fewer than the connections to the database. */
  private static final int HEAVY_AT_ONCE = 3;

  private final ConfigFeed feed;
  private final ConfigView<Tenant> tenants;
  private final RateBook rates;
  private final ConfiguredHours hours;
  private final BillingEndpoint invoices;
  private final CostEndpoint costs;
  private final FocusEndpoint focus;
  private final Optional<WebServer> web;
  private final ScheduledExecutorService keeper =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("metering-hours").factory());

  private Billing(
      MeteringConfig config,
      ConfigFeed.Builder views,
      DataSource database,
      Violation.Recorder violations) {
    CallerViews callers = new CallerViews(violations);
    this.tenants = views.view(Topics.TENANTS, Tenant.parser());
    this.rates = new ConfiguredRateBook(views.view(Topics.RATE_CARDS, RateCard.parser()), tenants);
    this.hours =
        new ConfiguredHours(
            views.view(Topics.POOLS, Pool.parser()), new PostgresHourBook(database));
    this.feed = views.start();
    BilledUse uses = new PostgresBilledUse(database);
    Invoices stored = new PostgresInvoices(database, new JsonDocuments());
    DailyCharges charges = new DailyCharges(rates, uses, stored);
    HeavyWork work = new HeavyWork(HEAVY_AT_ONCE);
    Invoicing invoicing = new Invoicing(rates, uses, stored, Clock.systemUTC());
    Costing costing =
        new Costing(
            new PostgresCostFacts(database),
            charges,
            new CostRates(
                config.cost().currency(),
                config.cost().adapterMicrosPerHour(),
                config.cost().storageMicrosPerGibHour()));
    this.invoices =
        new BillingEndpoint(
            callers, invoicing, stored, new InvoiceForms(InvoiceCsv::of, InvoicePdf::of), work);
    this.costs = new CostEndpoint(callers, costing, work);
    this.focus =
        new FocusEndpoint(
            callers,
            new FocusRows(uses, charges, stored, config.billing().provider()),
            FocusParquet::new,
            work);
    this.web =
        web(
            config,
            new FinopsPages(
                costing,
                charges,
                invoicing,
                stored,
                InvoicePdf::of,
                new BudgetLines(
                    tenants,
                    new LedgerSpending(
                        database, new PostgresUsageViews(database), new RatedCosts(rates)),
                    Clock.systemUTC()),
                violations,
                work,
                Clock.systemUTC()));
  }

  private static Optional<WebServer> web(MeteringConfig config, FinopsPages pages) {
    return config.web().port() == 0
        ? Optional.empty()
        : Optional.of(
            WebServer.start(
                config.trustDomain(),
                new TlsFiles(config.tls().certificate(), config.tls().key(), config.tls().trust()),
                Set.of(SpiffeId.Role.TENANT, SpiffeId.Role.OPERATOR),
                config.web().host(),
                config.web().port(),
                pages,
                pages::refused));
  }

  /** Opens the views and begins to read. */
  static Billing open(
      MeteringConfig config,
      KafkaSettings kafka,
      DataSource database,
      Violation.Recorder violations) {
    return new Billing(
        config, ConfigFeed.of(kafka, config.stateDir().resolve("config")), database, violations);
  }

  /** Begins to keep the hours of nodes; the database is migrated. */
  void keepHours() {
    keeper.scheduleWithFixedDelay(this::keep, 0, KEEP_S, TimeUnit.SECONDS);
  }

  private void keep() {
    if (!knowsConfiguration()) {
      return;
    }
    try {
      hours.keep(Clock.systemUTC().instant());
    } catch (RuntimeException e) {
      LOG.warn("the hours of nodes are not kept yet: {}", e.getMessage());
    }
  }

  /** Whether tenants, pools and rate cards are known. */
  boolean knowsConfiguration() {
    return feed.caughtUp();
  }

  /** The service of invoices. */
  BindableService invoices() {
    return invoices;
  }

  /** The tenants' records; the view stays this one's. */
  ConfigView<Tenant> tenants() {
    return tenants;
  }

  /** Whose prices are what. */
  RateBook rates() {
    return rates;
  }

  /** The service of costs. */
  BindableService costs() {
    return costs;
  }

  /** The service of FOCUS exports. */
  BindableService focus() {
    return focus;
  }

  @Override
  public void close() {
    web.ifPresent(WebServer::close);
    keeper.shutdownNow();
    feed.close();
  }
}
