package dev.cofferdam.audit.sealing.env;

import dev.cofferdam.audit.sealing.MasterKey;
import java.util.Base64;
import java.util.Map;

/** A key-encryption key in an environment variable: 32 bytes in base64. */
public final class EnvironmentKeys {
  private EnvironmentKeys() {}

  /**
   * The key of a variable.
   *
   * @throws IllegalStateException where it is absent or no key, naming the variable alone
   */
  public static MasterKey masterKey(String variable, Map<String, String> environment) {
    String text = environment.get(variable);
    if (text == null || text.isBlank()) {
      throw new IllegalStateException(variable + " is not set (expected: 32 bytes in base64)");
    }
    try {
      return new MasterKey(Base64.getDecoder().decode(text.strip()));
    } catch (IllegalArgumentException e) {
      throw new IllegalStateException(variable + " is no key (expected: 32 bytes in base64)");
    }
  }
}
