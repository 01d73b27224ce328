package dev.cofferdam.gateway.quota.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/** The scripts that run inside Redis. */
enum Script {
  ADMIT(true),
  SETTLE(true),
  HEARTBEAT(false),
  SEED(true),
  LEASE(true);

  private final String source;
  private final String sha1;

  /**
   * @param spends whether it begins with what spent.lua defines
   */
  Script(boolean spends) {
    this.source =
        (spends ? read("spent.lua") : "") + read(name().toLowerCase(Locale.ROOT) + ".lua");
    try {
      this.sha1 =
          HexFormat.of()
              .formatHex(
                  MessageDigest.getInstance("SHA-1")
                      .digest(source.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-1", e);
    }
  }

  private static String read(String name) {
    try (InputStream in = Script.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The script's text. */
  String source() {
    return source;
  }

  /** The name by which Redis knows it once loaded. */
  String sha1() {
    return sha1;
  }
}
