package dev.cofferdam.metering.budget;

import dev.cofferdam.metering.ledger.Rollup;
import dev.cofferdam.metering.pricing.Meter;
import dev.cofferdam.metering.pricing.Prices;
import dev.cofferdam.metering.pricing.RateBook;
import dev.cofferdam.metering.pricing.RateCard;
import dev.cofferdam.vocabulary.TenantId;
import java.math.BigInteger;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;

/**
 * Costs of tokens as the gateway counts them against budgets: each hour at the prices of its time,
 * without those for more of it. The gateway rounds each request up, this a whole day or month.
 */
public final class RatedCosts implements Costs {
  private static final BigInteger TOKENS = BigInteger.valueOf(Meter.INPUT_TOKENS.unitsPerPrice());

  private final RateBook rates;

  public RatedCosts(RateBook rates) {
    this.rates = rates;
  }

  @Override
  public Cost of(TenantId tenant, List<Rollup> hours, LocalDate day) {
    Optional<RateCard> card = rates.of(tenant);
    BigInteger ofDay = BigInteger.ZERO;
    BigInteger ofMonth = BigInteger.ZERO;
    if (card.isPresent()) {
      for (Rollup hour : hours) {
        BigInteger cost = cost(hour, card.get().at(hour.start()));
        ofMonth = ofMonth.add(cost);
        if (LocalDate.ofInstant(hour.start(), ZoneOffset.UTC).equals(day)) {
          ofDay = ofDay.add(cost);
        }
      }
    }
    return new Cost(micros(ofDay), micros(ofMonth));
  }

  private static BigInteger cost(Rollup use, Prices prices) {
    return cost(use, prices, Meter.INPUT_TOKENS, use.promptTokens() - use.cachedPromptTokens())
        .add(cost(use, prices, Meter.CACHED_INPUT_TOKENS, use.cachedPromptTokens()))
        .add(cost(use, prices, Meter.OUTPUT_TOKENS, use.outputTokens()));
  }

  private static BigInteger cost(Rollup use, Prices prices, Meter meter, long tokens) {
    long micros = prices.steps(use.model(), meter).getFirst().micros();
    return BigInteger.valueOf(tokens).multiply(BigInteger.valueOf(micros));
  }

  /** Rounded up; a sum beyond all budgets stays beyond them. */
  private static long micros(BigInteger sum) {
    return sum.add(TOKENS.subtract(BigInteger.ONE))
        .divide(TOKENS)
        .min(BigInteger.valueOf(Long.MAX_VALUE))
        .longValueExact();
  }
}
