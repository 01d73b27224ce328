package dev.cofferdam.gateway.prompt;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Text to tokens and back, as Hugging Face's tokenizers do it for byte-pair encoding over bytes or
 * characters, with one difference on purpose: added tokens come from a template's own text only,
 * never from what a client wrote. Immutable.
 */
public final class Tokenizer {
  private final BytePairEncoding words;
  private final PreTokenizer preTokenizer;
  private final TextForm form;
  private final List<AddedToken> added;
  private final AddedTokens raw;
  private final AddedTokens normalized;
  private final int[] prefix;
  private final int[] suffix;
  private final byte[][] bytes;
  private final boolean[] special;

  public Tokenizer(Vocabulary vocabulary) {
    this.bytes = vocabulary.output().toArray(byte[][]::new);
    this.special = new boolean[bytes.length];
    this.added = List.copyOf(vocabulary.added());
    added.forEach(token -> special[token.id()] = token.special());
    this.words = words(vocabulary);
    this.preTokenizer = vocabulary.preTokenizer();
    this.form = vocabulary.form();
    this.raw = new AddedTokens(added.stream().filter(t -> !t.normalized()).toList(), t -> t);
    this.normalized =
        new AddedTokens(added.stream().filter(AddedToken::normalized).toList(), form::apply);
    this.prefix = ids(vocabulary.prefix());
    this.suffix = ids(vocabulary.suffix());
  }

  private static BytePairEncoding words(Vocabulary vocabulary) {
    List<byte @Nullable []> ordinary = new ArrayList<>();
    for (Optional<byte[]> token : vocabulary.tokens()) {
      ordinary.add(token.orElse(null));
    }
    for (AddedToken token : vocabulary.added()) {
      if (token.id() < ordinary.size()) {
        ordinary.set(token.id(), null);
      }
    }
    MergeTable merges = new MergeTable(vocabulary.merges().size());
    for (Vocabulary.Merge merge : vocabulary.merges()) {
      if (ordinary.get(merge.result()) != null) {
        merges.put(merge.left(), merge.right(), merge.rank(), merge.result());
      }
    }
    return new BytePairEncoding(
        merges,
        new Symbols(vocabulary.spelling(), ordinary),
        ordinary,
        vocabulary.ignoreMerges(),
        vocabulary.cut());
  }

  /** Number of token ids. */
  public int size() {
    return bytes.length;
  }

  /** Tokens beside the vocabulary. */
  public List<AddedToken> added() {
    return added;
  }

  /** Tokens of a plain text, none of which is an added one but for what the model puts around. */
  public int[] encodePlain(String text) {
    TokenBuffer out = new TokenBuffer();
    out.add(prefix);
    encodeWords(form.apply(text), true, out);
    out.add(suffix);
    return out.toArray();
  }

  /**
   * The text of plain tokens, with or without what the model puts around them. Only tokens that
   * {@link #encodePlain} makes of a text have one: no special one, none that is unknown, no half of
   * a character, and no other way to cut a text than its own.
   */
  public Optional<String> plainText(int[] ids) {
    int from = startsWith(ids, prefix) ? prefix.length : 0;
    int to = endsWith(ids, from, suffix) ? ids.length - suffix.length : ids.length;
    int[] words = Arrays.copyOfRange(ids, from, to);
    ByteArrayOutputStream spelled = new ByteArrayOutputStream();
    for (int id : words) {
      if (!isKnown(id) || special[id]) {
        return Optional.empty();
      }
      spelled.writeBytes(bytes[id]);
    }
    try {
      String text =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(spelled.toByteArray()))
              .toString();
      // Some tokenizers put a space before every text.
      return Stream.of(text, text.startsWith(" ") ? text.substring(1) : text)
          .filter(candidate -> isPlain(candidate, words))
          .findFirst();
    } catch (CharacterCodingException e) {
      return Optional.empty();
    }
  }

  private boolean isPlain(String text, int[] words) {
    TokenBuffer all = new TokenBuffer();
    all.add(prefix);
    all.add(words);
    all.add(suffix);
    return Arrays.equals(encodePlain(text), all.toArray());
  }

  private static boolean startsWith(int[] ids, int[] beginning) {
    return ids.length >= beginning.length
        && Arrays.equals(ids, 0, beginning.length, beginning, 0, beginning.length);
  }

  private static boolean endsWith(int[] ids, int from, int[] end) {
    int at = ids.length - end.length;
    return at >= from && Arrays.equals(ids, at, ids.length, end, 0, end.length);
  }

  /**
   * Tokens of a rendered template: its own text may hold added tokens, what clients wrote does not.
   */
  public int[] encodeRendered(MarkedText rendered) {
    TokenBuffer out = new TokenBuffer();
    for (AddedTokens.Part part : raw.split(rendered)) {
      AddedToken token = part.token();
      if (token != null) {
        out.add(token.id());
      } else if (normalized.isEmpty()) {
        String text = rendered.text().substring(part.from(), part.to());
        encodeWords(form.apply(text), part.from() == 0, out);
      } else {
        MarkedText text = rendered.substring(part.from(), part.to());
        encodeNormalized(GuardedText.normalize(text, form), part.from() == 0, out);
      }
    }
    return out.toArray();
  }

  private void encodeNormalized(MarkedText piece, boolean first, TokenBuffer out) {
    for (AddedTokens.Part part : normalized.split(piece)) {
      AddedToken token = part.token();
      if (token != null) {
        out.add(token.id());
      } else {
        String text = form.compose(piece.text().substring(part.from(), part.to()));
        encodeWords(text, first && part.from() == 0, out);
      }
    }
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

  private void encodeWords(String text, boolean first, TokenBuffer out) {
    preTokenizer.split(text, first, (utf8, from, to) -> words.encode(utf8, from, to, out));
  }

  private static int[] ids(List<Integer> list) {
    return list.stream().mapToInt(Integer::intValue).toArray();
  }
}
