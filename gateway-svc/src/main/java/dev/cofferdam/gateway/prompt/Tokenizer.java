package dev.cofferdam.gateway.prompt;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Text to tokens and back, as Hugging Face's tokenizers do it for byte-level BPE, with one
 * difference on purpose: added tokens come from a template's own text only, never from what a
 * client wrote. Immutable.
 */
public final class Tokenizer {
  private final BytePairEncoding words;
  private final PreTokenizer preTokenizer;
  private final boolean normalizeNfc;
  private final List<AddedToken> added;
  private final int[] prefix;
  private final byte[][] bytes;
  private final boolean[] special;

  /**
   * @throws IllegalArgumentException where a byte has no token
   */
  public Tokenizer(Vocabulary vocabulary) {
    int size = size(vocabulary);
    this.bytes = new byte[size][];
    this.special = new boolean[size];
    Arrays.fill(bytes, new byte[0]);
    List<byte @org.jspecify.annotations.Nullable []> ordinary = new ArrayList<>();
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      byte[] token = vocabulary.tokens().get(id).orElse(null);
      ordinary.add(token);
      if (token != null) {
        bytes[id] = token;
      }
    }
    for (AddedToken token : vocabulary.added()) {
      bytes[token.id()] = token.text().getBytes(StandardCharsets.UTF_8);
      special[token.id()] = token.special();
      if (token.id() < ordinary.size()) {
        ordinary.set(token.id(), null);
      }
    }
    MergeTable merges = new MergeTable(vocabulary.merges().size());
    for (int rank = 0; rank < vocabulary.merges().size(); rank++) {
      Vocabulary.Merge merge = vocabulary.merges().get(rank);
      merges.put(merge.left(), merge.right(), rank, merge.result());
    }
    this.words =
        new BytePairEncoding(merges, byteIds(ordinary), ordinary, vocabulary.ignoreMerges());
    this.preTokenizer = vocabulary.preTokenizer();
    this.normalizeNfc = vocabulary.normalizeNfc();
    this.added =
        vocabulary.added().stream()
            .sorted(Comparator.comparingInt((AddedToken t) -> -t.text().length()))
            .toList();
    this.prefix = vocabulary.prefix().stream().mapToInt(Integer::intValue).toArray();
  }

  /** Number of token ids. */
  public int size() {
    return bytes.length;
  }

  /** Tokens beside the vocabulary, longest text first. */
  public List<AddedToken> added() {
    return added;
  }

  /** Tokens of a plain text, none of which is an added one but for what the model puts first. */
  public int[] encodePlain(String text) {
    TokenBuffer out = new TokenBuffer();
    for (int id : prefix) {
      out.add(id);
    }
    encodeWords(text, out);
    return out.toArray();
  }

  /** Tokens of a rendered template: its own text may hold added tokens, guarded text does not. */
  public int[] encodeRendered(GuardedText rendered) {
    TokenBuffer out = new TokenBuffer();
    String text = rendered.text();
    int start = 0;
    int at = 0;
    while (at < text.length()) {
      AddedToken token = addedAt(text, at);
      if (token == null) {
        at++;
        continue;
      }
      int end = at + token.text().length();
      encodeWords(rendered.plain(start, token.stripLeft() ? trimEnd(text, start, at) : at), out);
      out.add(token.id());
      at = token.stripRight() ? skipSpace(text, end) : end;
      start = at;
    }
    encodeWords(rendered.plain(start, text.length()), out);
    return out.toArray();
  }

  /** The bytes that a token adds to output; none for a special one. */
  byte[] outputBytes(int id) {
    return isKnown(id) && !special[id] ? bytes[id] : new byte[0];
  }

  /** The bytes of a token's text, special or not; none for an id that is none. */
  public byte[] bytes(int id) {
    return isKnown(id) ? bytes[id].clone() : new byte[0];
  }

  /** Whether a token is special: it steers the model and never shows in output. */
  public boolean isSpecial(int id) {
    return isKnown(id) && special[id];
  }

  private boolean isKnown(int id) {
    return id >= 0 && id < bytes.length;
  }

  private void encodeWords(String text, TokenBuffer out) {
    String normal = normalizeNfc ? Normalizer.normalize(text, Normalizer.Form.NFC) : text;
    preTokenizer.split(
        normal,
        word -> {
          byte[] utf8 = word.toString().getBytes(StandardCharsets.UTF_8);
          words.encode(utf8, 0, utf8.length, out);
        });
  }

  private @org.jspecify.annotations.Nullable AddedToken addedAt(String text, int at) {
    for (AddedToken token : added) {
      if (text.startsWith(token.text(), at)) {
        return token;
      }
    }
    return null;
  }

  private static int trimEnd(String text, int from, int to) {
    int end = to;
    while (end > from && Character.isWhitespace(text.charAt(end - 1))) {
      end--;
    }
    return end;
  }

  private static int skipSpace(String text, int from) {
    int at = from;
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
    return at;
  }

  private static int size(Vocabulary vocabulary) {
    int size = vocabulary.tokens().size();
    for (AddedToken token : vocabulary.added()) {
      size = Math.max(size, token.id() + 1);
    }
    return size;
  }

  private static int[] byteIds(List<byte @org.jspecify.annotations.Nullable []> tokens) {
    int[] ids = new int[256];
    Arrays.fill(ids, -1);
    for (int id = 0; id < tokens.size(); id++) {
      byte[] token = tokens.get(id);
      if (token != null && token.length == 1) {
        ids[token[0] & 0xff] = id;
      }
    }
    for (int b = 0; b < 256; b++) {
      if (ids[b] < 0) {
        throw new IllegalArgumentException("no token for byte " + b);
      }
    }
    return ids;
  }
}
