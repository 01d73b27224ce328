package dev.cofferdam.gateway.prompt;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The tokens that a word consists of before anything merges: of its bytes, or of its characters,
 * with the fallbacks for those that have no token.
 */
final class Symbols {
  private static final int NONE = -1;

  private final boolean bytewise;
  private final int[] single = new int[256];
  private final WordTable characters;
  private final int @Nullable [] byteTokens;
  private final int unknown;
  private final boolean fuseUnknown;

  Symbols(Vocabulary.Spelling spelling, List<byte @Nullable []> tokens) {
    this.bytewise = spelling.bytewise();
    this.characters =
        new WordTable(
            tokens.stream()
                .map(t -> t != null && t.length > 0 && t.length == length(t[0]) ? t : null)
                .toList());
    Arrays.fill(single, NONE);
    for (int id = 0; id < tokens.size(); id++) {
      byte[] token = tokens.get(id);
      if (token != null && token.length == 1) {
        single[token[0] & 0xff] = id;
      }
    }
    this.byteTokens =
        spelling.byteTokens().isEmpty()
            ? null
            : spelling.byteTokens().stream().mapToInt(Integer::intValue).toArray();
    this.unknown = spelling.unknown().orElse(NONE);
    this.fuseUnknown = spelling.fuseUnknown();
  }

  /**
   * Writes a word's tokens.
   *
   * @param ids takes as many as the word has bytes
   * @return how many there are
   */
  int write(byte[] bytes, int from, int to, int[] ids) {
    int count = 0;
    boolean pending = false;
    int next;
    for (int i = from; i < to; i = next) {
      next = Math.min(to, i + (bytewise ? 1 : length(bytes[i])));
      int id = next == i + 1 ? single[bytes[i] & 0xff] : characters.find(bytes, i, next);
      if (id >= 0) {
        if (pending) {
          ids[count++] = unknown;
          pending = false;
        }
        ids[count++] = id;
      } else if (hasByteTokens(bytes, i, next)) {
        for (int b = i; b < next; b++) {
          ids[count++] = byteToken(bytes[b]);
        }
      } else if (unknown >= 0) {
        if (pending && !fuseUnknown) {
          ids[count++] = unknown;
        }
        pending = true;
      }
    }
    if (pending) {
      ids[count++] = unknown;
    }
    return count;
  }

  private boolean hasByteTokens(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      if (byteToken(bytes[i]) < 0) {
        return false;
      }
    }
    return true;
  }

  private int byteToken(byte b) {
    return byteTokens == null ? NONE : byteTokens[b & 0xff];
  }

  /** Bytes of the UTF-8 character that begins with a byte. */
  private static int length(byte first) {
    if (first >= 0) {
      return 1;
    }
    return first < (byte) 0xe0 ? 2 : first < (byte) 0xf0 ? 3 : 4;
  }
}
