package dev.cofferdam.tenancy.manifests;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Ports of addresses. */
final class Ports {
  private static final Pattern PORT = Pattern.compile(":([0-9]{1,5})(?:/.*)?$");

  private Ports() {}

  /**
   * The port of the last address of a list, or of a URL.
   *
   * @throws IllegalArgumentException where there is none
   */
  static int last(String addresses) {
    Matcher port = PORT.matcher(addresses);
    if (!port.find()) {
      throw new IllegalArgumentException(addresses + " (expected: an address with its port)");
    }
    return Integer.parseInt(port.group(1));
  }
}
