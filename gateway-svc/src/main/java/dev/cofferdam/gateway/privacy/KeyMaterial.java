package dev.cofferdam.gateway.privacy;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Secrets that show what they are: private keys in PEM, signed tokens (RFC 7519), and the keys of
 * well-known services and of this one, by the prefixes that their issuers publish.
 */
final class KeyMaterial implements Detector {
  private static final Pattern TOKENS =
      Pattern.compile(
          "(?<![A-Za-z0-9_-])(?:"
              + "cdm_[a-z2-7]{12}_[A-Za-z0-9_-]{43}"
              + "|(?:AKIA|ASIA)[A-Z0-9]{16}"
              + "|gh[pousr]_[A-Za-z0-9]{36,255}+"
              + "|github_pat_[A-Za-z0-9_]{60,255}+"
              + "|glpat-[A-Za-z0-9_-]{20,64}+"
              + "|xox[abeoprs]-[A-Za-z0-9-]{16,255}+"
              + "|AIza[A-Za-z0-9_-]{35}"
              + "|[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}+"
              + "|sk-[A-Za-z0-9_-]{20,255}+"
              + "|hf_[A-Za-z0-9]{30,64}+"
              + "|eyJ[A-Za-z0-9_-]{8,4096}+\\.eyJ[A-Za-z0-9_-]{8,4096}+\\.[A-Za-z0-9_-]{8,4096}+"
              + ")(?![A-Za-z0-9_-])");

  private static final String BEGIN = "-----BEGIN ";
  private static final String PRIVATE = "PRIVATE KEY-----";
  private static final String END = "-----END ";
  private static final int LABEL_MAX = 24;

  @Override
  public void find(String text, Finding found) {
    Matcher tokens = TOKENS.matcher(text);
    while (tokens.find()) {
      found.at(tokens.start(), tokens.end());
    }
    int from = 0;
    for (int begin = text.indexOf(BEGIN); begin >= 0; begin = text.indexOf(BEGIN, from)) {
      from = begin + BEGIN.length();
      int last = Math.min(text.length(), from + LABEL_MAX + PRIVATE.length());
      int label = text.indexOf(PRIVATE, from, last);
      if (label >= 0) {
        from = endOfPem(text, label + PRIVATE.length());
        found.at(begin, from);
      }
    }
  }

  /** A key whose end is missing is cut off, and still one. */
  private static int endOfPem(String text, int body) {
    int end = text.indexOf(END, body);
    int behind = end < 0 ? -1 : text.indexOf("-----", end + END.length());
    return behind < 0 ? text.length() : behind + 5;
  }
}
