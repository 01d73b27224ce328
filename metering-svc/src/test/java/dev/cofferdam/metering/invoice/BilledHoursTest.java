package dev.cofferdam.metering.invoice;

import static dev.cofferdam.metering.TestLedger.days;
import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.metering.Facts;
import dev.cofferdam.metering.TestLedger;
import dev.cofferdam.metering.invoice.BilledUse.Cut;
import dev.cofferdam.metering.invoice.BilledUse.Recorded;
import dev.cofferdam.metering.ledger.postgres.PostgresClosings;
import dev.cofferdam.metering.pricing.Prices;
import dev.cofferdam.metering.pricing.RateCard;
import dev.cofferdam.metering.pricing.Use;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BilledHoursTest {
  private static final TenantId HARBOR = new TenantId("harbor-books");
  private static final Days DAYS = days("2026-02-27", "2026-03-02");

  private final TestLedger ledger =
      new TestLedger(new RateCard("free", 1, "EUR", List.of(new Prices(Instant.EPOCH, Map.of()))));

  private List<Recorded> hours(Cut upTo) {
    List<Recorded> hours = new ArrayList<>();
    ledger.uses.readHours(HARBOR, DAYS, Cut.NOTHING, upTo, hours::add);
    hours.removeIf(hour -> isNothing(hour.use()));
    return hours;
  }

  private static boolean isNothing(Use use) {
    return use.inputTokens() + use.outputTokens() + use.requests() + use.computeUs() == 0;
  }

  /** What is open is read from the sums, an invoice's share of the rows from the rows. */
  @Test
  void sumsOfHoursSayWhatTheirEventsSayWithCorrectionsAndWithoutShadows() {
    List<UsageRecorded> facts = new ArrayList<>(Facts.random(6, 600));
    facts.add(Facts.usage(1, "harbor-books").setOperation("shadow").setComputeUs(77).build());
    ledger.record(facts);
    new PostgresClosings(ledger.database).close(Instant.parse("2026-02-28T00:00:00Z"));
    ledger.record(Facts.random(7, 300));

    List<Recorded> ofSums = hours(Cut.EVERYTHING);

    assertThat(ofSums).hasSizeGreaterThan(50).isEqualTo(hours(ledger.uses.cut()));
  }
}
