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
  ADMIT,
  SETTLE,
  HEARTBEAT;

  private final String source;
  private final String sha1;

  Script() {
    String name = name().toLowerCase(Locale.ROOT) + ".lua";
    try (InputStream in = Script.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing");
      }
      byte[] bytes = in.readAllBytes();
      this.source = new String(bytes, StandardCharsets.UTF_8);
      this.sha1 = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-1", e);
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
