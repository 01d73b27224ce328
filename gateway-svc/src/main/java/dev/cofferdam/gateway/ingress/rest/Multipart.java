package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.vocabulary.RefusedException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A form whose fields may be files (RFC 7578), read strictly: every part is a field with a name, no
 * name comes twice, nothing stands before the first part, and all text is UTF-8.
 */
public final class Multipart {
  private static final int FIELDS_MAX = 16;
  private static final int HEADERS_BYTES_MAX = 2_048;
  private static final int FILENAME_CHARACTERS_MAX = 255;
  private static final Pattern TYPE =
      Pattern.compile(
          "multipart/form-data\\s*+;\\s*+(?:.*;\\s*+)?boundary=(?:\"([^\"]{1,70})\"|([^\\s;,\"]{1,70}))"
              + "\\s*(?:;.*)?",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern DISPOSITION =
      Pattern.compile(
          "content-disposition\\s*:\\s*form-data\\s*((?:;.*)?)", Pattern.CASE_INSENSITIVE);
  private static final Pattern PARAMETER =
      Pattern.compile("\\s*;\\s*([a-z*]+)=(?:\"((?:[^\"\\\\]|\\\\.)*)\"|([^\\s;\"]*))");

  /**
   * A field.
   *
   * @param filename its file's name, "" where it is no file
   * @param content its bytes, as text
   */
  public record Field(String filename, String content) {}

  private final byte[] body;
  private final byte[] delimiter;
  private final Map<String, Field> fields = new LinkedHashMap<>();

  private Multipart(byte[] body, String boundary) {
    this.body = body;
    this.delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.ISO_8859_1);
  }

  /**
   * The fields of a form by name.
   *
   * @param contentType the header
   * @throws RefusedException INVALID_REQUEST, without a word of the body
   */
  public static Map<String, Field> read(String contentType, byte[] body) {
    Matcher type = TYPE.matcher(contentType);
    if (!type.matches()) {
      throw Fields.invalid("content-type", "must be multipart/form-data with a boundary");
    }
    Multipart form = new Multipart(body, type.group(1) == null ? type.group(2) : type.group(1));
    form.read();
    return form.fields;
  }

  private void read() {
    if (!startsWith(0, 2)) {
      throw malformed();
    }
    int at = delimiter.length - 2;
    while (!ends(at)) {
      if (at + 2 > body.length || body[at] != '\r' || body[at + 1] != '\n') {
        throw malformed();
      }
      if (fields.size() == FIELDS_MAX) {
        throw Fields.invalid("body", "has more than " + FIELDS_MAX + " fields");
      }
      at = field(at + 2);
    }
  }

  /** Whether the last delimiter is behind; what follows is not looked at but for its length. */
  private boolean ends(int at) {
    return at + 2 <= body.length
        && body[at] == '-'
        && body[at + 1] == '-'
        && body.length - at <= 2 + "\r\n".length();
  }

  /** Reads the field that begins at a place; the place behind the delimiter that ends it. */
  private int field(int from) {
    int data = headersEnd(from);
    String[] names = names(text(from, data - 4 < from ? from : data - 4));
    int to = next(data - 2);
    int start = Math.min(data, to);
    Field field = new Field(names[1], text(start, to));
    if (fields.put(names[0], field) != null) {
      throw Fields.invalid("body", "has a field twice");
    }
    return to + delimiter.length;
  }

  /** The first byte behind the empty line that ends a part's headers. */
  private int headersEnd(int from) {
    int last = Math.min(body.length, from + HEADERS_BYTES_MAX) - 4;
    for (int i = from; i <= last; i++) {
      if (body[i] == '\r' && body[i + 1] == '\n' && body[i + 2] == '\r' && body[i + 3] == '\n') {
        return i + 4;
      }
    }
    throw malformed();
  }

  /** Name and file name of a part. */
  private static String[] names(String headers) {
    for (String line : headers.split("\r\n", -1)) {
      Matcher disposition = DISPOSITION.matcher(line);
      if (disposition.matches()) {
        return parameters(disposition.group(1));
      }
      String lower = line.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-transfer-encoding")
          && !lower.matches(".*:\\s*(binary|[78]bit)\\s*")) {
        throw Fields.invalid("body", "has a field in an encoding that is not supported");
      }
    }
    throw malformed();
  }

  private static String[] parameters(String text) {
    String[] names = {"", ""};
    Matcher parameter = PARAMETER.matcher(text);
    int end = 0;
    while (parameter.find() && parameter.start() == end) {
      end = parameter.end();
      String value = parameter.group(2) == null ? parameter.group(3) : parameter.group(2);
      switch (parameter.group(1)) {
        case "name" -> names[0] = value;
        case "filename" -> names[1] = value.replaceAll("\\\\(.)", "$1");
        default -> {
          // Others say nothing that matters here.
        }
      }
    }
    boolean holds =
        end == text.length()
            && !names[0].isEmpty()
            && names[1].length() <= FILENAME_CHARACTERS_MAX
            && names[1].chars().noneMatch(Character::isISOControl);
    if (!holds) {
      throw malformed();
    }
    return names;
  }

  /** Where the next delimiter begins. */
  private int next(int from) {
    for (int i = from; i <= body.length - delimiter.length; i++) {
      if (body[i] == '\r' && startsWith(i, 0)) {
        return i;
      }
    }
    throw malformed();
  }

  /** Whether the delimiter without its first bytes is at a place. */
  private boolean startsWith(int at, int skipped) {
    int length = delimiter.length - skipped;
    return at + length <= body.length
        && Arrays.equals(body, at, at + length, delimiter, skipped, delimiter.length);
  }

  private String text(int from, int to) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(body, from, to - from))
          .toString();
    } catch (CharacterCodingException e) {
      throw Fields.invalid("body", "is not valid UTF-8");
    }
  }

  private static RefusedException malformed() {
    return Fields.invalid("body", "is no well-formed multipart/form-data");
  }
}
