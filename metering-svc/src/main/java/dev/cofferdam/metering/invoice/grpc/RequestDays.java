package dev.cofferdam.metering.invoice.grpc;

import static dev.cofferdam.metering.api.grpc.CallerViews.invalid;

import dev.cofferdam.metering.invoice.Days;
import dev.cofferdam.vocabulary.RefusedException;

/** Days of a request. */
public final class RequestDays {
  private RequestDays() {}

  /**
   * The days from one to before another.
   *
   * @throws RefusedException where they are none
   */
  public static Days of(String from, String to) {
    return Days.parse(from, to)
        .orElseThrow(
            () ->
                invalid(
                    "from_day",
                    "expected days such as 2026-03-01, the first and the end after it"));
  }
}
