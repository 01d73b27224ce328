package dev.cofferdam.metering.api;

import dev.cofferdam.metering.ledger.UsageViews.Position;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Optional;

/**
 * Positions as opaque text. A token says where to go on and nothing about whose rows may be seen,
 * so a foreign or invented one reveals nothing.
 */
public final class PageTokens {
  private static final int BYTES = 2 * Long.BYTES;

  private PageTokens() {}

  /** The text of a position. */
  public static String encode(Position position) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(
            ByteBuffer.allocate(BYTES).putLong(position.endedMs()).putLong(position.row()).array());
  }

  /** The position of a text; empty where it is none. */
  public static Optional<Position> decode(String token) {
    if (token.length() > 2 * BYTES) {
      return Optional.empty();
    }
    try {
      byte[] bytes = Base64.getUrlDecoder().decode(token);
      if (bytes.length != BYTES) {
        return Optional.empty();
      }
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      return Optional.of(new Position(buffer.getLong(), buffer.getLong()));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
