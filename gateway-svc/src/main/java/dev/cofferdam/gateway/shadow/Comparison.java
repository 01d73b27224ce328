package dev.cofferdam.gateway.shadow;

import dev.cofferdam.gateway.dispatch.Ending;

/**
 * A request and its shadow, by figures; never content.
 *
 * @param model the model that answered
 * @param shadowModel the model in its shadow
 * @param answered how the request ended
 * @param shadow how its shadow ended
 */
public record Comparison(String model, String shadowModel, Ending answered, Ending shadow) {}
