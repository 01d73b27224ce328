package dev.cofferdam.gateway.prompt;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * One output's way from tokens to text. Text leaves it in whole characters (U+FFFD stands for bytes
 * that can be none), and what may be the beginning of a stop text is held back until it is known
 * not to be. Not thread-safe.
 */
public final class OutputText {
  private final Tokenizer tokenizer;
  private final List<StopMatcher> stops;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private final ByteArrayOutputStream held = new ByteArrayOutputStream();
  private final ArrayDeque<Long> tokenEnds = new ArrayDeque<>();
  private long receivedBytes;
  private long emittedBytes;
  private int tokens;
  private int completedTokens;
  private int leadingSpaces;
  private boolean ended;
  private Optional<String> stopMet = Optional.empty();

  /**
   * What a token led to.
   *
   * @param text text that is certain now, often empty
   * @param completedTokens tokens from the beginning whose text is out
   * @param stopped a stop text was met; it is not part of the output, and no token counts any more
   */
  public record Piece(String text, int completedTokens, boolean stopped) {}

  /**
   * @param leadingSpaces as many spaces at the beginning are no part of the output
   */
  OutputText(Tokenizer tokenizer, List<String> stops, int leadingSpaces) {
    this.tokenizer = tokenizer;
    this.leadingSpaces = leadingSpaces;
    this.stops = stops.stream().map(StopMatcher::new).toList();
  }

  /** Takes the next token; not after a stop or the end. */
  public Piece accept(int token) {
    if (ended) {
      throw new IllegalStateException("the output has ended");
    }
    tokens++;
    byte[] bytes = withoutLeadingSpaces(tokenizer.outputBytes(token));
    for (int i = 0; i < bytes.length; i++) {
      held.write(bytes[i]);
      int match = matchAfter(bytes[i]);
      if (match > 0) {
        receivedBytes += i + 1;
        return stop(match);
      }
    }
    receivedBytes += bytes.length;
    tokenEnds.add(receivedBytes);
    String text = release(longestBeginning(), false);
    while (!tokenEnds.isEmpty() && tokenEnds.peek() <= emittedBytes) {
      tokenEnds.poll();
      completedTokens++;
    }
    return new Piece(text, completedTokens, false);
  }

  /** Ends the output; what was held back is text after all. */
  public Piece end() {
    ended = true;
    return new Piece(release(0, true), tokens, false);
  }

  /** Tokens that were taken, the one that completed a stop text included. */
  public int tokens() {
    return tokens;
  }

  private byte[] withoutLeadingSpaces(byte[] bytes) {
    int spaces = 0;
    while (spaces < bytes.length && spaces < leadingSpaces && bytes[spaces] == ' ') {
      spaces++;
    }
    leadingSpaces = spaces < bytes.length ? 0 : leadingSpaces - spaces;
    return spaces == 0 ? bytes : Arrays.copyOfRange(bytes, spaces, bytes.length);
  }

  /** The stop text that ended the output. */
  public Optional<String> stopMet() {
    return stopMet;
  }

  /** Bytes of the longest stop text that ends here, 0 for none. */
  private int matchAfter(byte b) {
    int longest = 0;
    for (StopMatcher stop : stops) {
      if (stop.accept(b) && stop.matched() > longest) {
        longest = stop.matched();
        stopMet = Optional.of(stop.text());
      }
    }
    return longest;
  }

  private Piece stop(int match) {
    ended = true;
    String text = release(match, true);
    while (!tokenEnds.isEmpty() && tokenEnds.peek() <= emittedBytes) {
      tokenEnds.poll();
      completedTokens++;
    }
    return new Piece(text, completedTokens, true);
  }

  private int longestBeginning() {
    int longest = 0;
    for (StopMatcher stop : stops) {
      longest = Math.max(longest, stop.matched());
    }
    return longest;
  }

  /** Decodes all that is held but for the last bytes. */
  private String release(int keep, boolean last) {
    byte[] bytes = held.toByteArray();
    int length = bytes.length - keep;
    ByteBuffer in = ByteBuffer.wrap(bytes, 0, length);
    CharBuffer out = CharBuffer.allocate(length + 4);
    decoder.reset();
    decoder.decode(in, out, last);
    if (last) {
      decoder.flush(out);
    }
    emittedBytes += in.position();
    held.reset();
    held.write(bytes, in.position(), bytes.length - in.position());
    return out.flip().toString();
  }
}
