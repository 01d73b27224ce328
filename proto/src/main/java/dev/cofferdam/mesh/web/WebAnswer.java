package dev.cofferdam.mesh.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An answer.
 *
 * @param status the HTTP status
 * @param headers further headers; those of content and caching among them
 * @param body the body; not to be changed
 */
@SuppressWarnings("ArrayRecordComponent")
public record WebAnswer(int status, Map<String, String> headers, byte[] body) {
  public WebAnswer {
    headers = Map.copyOf(headers);
  }

  /** A body of a media type, which nobody keeps. */
  public static WebAnswer of(String type, byte[] body) {
    return new WebAnswer(200, Map.of("Content-Type", type, "Cache-Control", "no-store"), body);
  }

  /** Bytes that never change. */
  public static WebAnswer forever(byte[] body) {
    return new WebAnswer(
        200,
        Map.of(
            "Content-Type",
            "application/octet-stream",
            "Cache-Control",
            "private, max-age=31536000, immutable"),
        body);
  }

  /** A page; one that is live may run the server's own script, and fetch from the server only. */
  public static WebAnswer page(Page page) {
    WebAnswer answer = of("text/html; charset=utf-8", page.html().getBytes(UTF_8));
    if (!page.isLive()) {
      return answer;
    }
    Map<String, String> more = new LinkedHashMap<>(answer.headers);
    more.put(WebServer.POLICY, WebServer.CONTENT + "; script-src 'self'; connect-src 'self'");
    return new WebAnswer(200, more, answer.body);
  }

  /** Plain text. */
  public static WebAnswer text(String text) {
    return of("text/plain; charset=utf-8", text.getBytes(UTF_8));
  }

  /** JSON. */
  public static WebAnswer json(String text) {
    return of("application/json", text.getBytes(UTF_8));
  }

  /** A refusal in a line of text. */
  public static WebAnswer refused(int status, String reason) {
    return text(reason + "\n").withStatus(status);
  }

  /** The same with another status. */
  public WebAnswer withStatus(int other) {
    return new WebAnswer(other, headers, body);
  }

  /** The same, to be saved as a file of a name. */
  public WebAnswer download(String fileName) {
    Map<String, String> more = new LinkedHashMap<>(headers);
    more.put("Content-Disposition", "attachment; filename=\"" + fileName + "\"");
    return new WebAnswer(status, more, body);
  }
}
