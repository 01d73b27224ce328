package dev.cofferdam.gateway.quota;

/** Prices as configured. Answers from memory; never blocks. */
public interface RateCards {
  /** No prices at all. */
  RateCards NONE = (card, model) -> Rates.FREE;

  /**
   * The prices of a model.
   *
   * @param card id of the rate card
   * @param model model id
   * @return those of the card for the model, else those of the card for every other model, else
   *     {@link Rates#FREE}
   */
  Rates rates(String card, String model);
}
