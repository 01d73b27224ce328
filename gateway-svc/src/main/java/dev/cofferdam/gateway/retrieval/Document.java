package dev.cofferdam.gateway.retrieval;

import java.nio.charset.StandardCharsets;

/**
 * A document as its tenant wrote it.
 *
 * @param id unique within the tenant
 * @param collection what it belongs to
 * @param title for people, and for the prompt
 * @param text its text
 */
public record Document(String id, String collection, String title, String text) {
  /** UTF-8 bytes of the text. */
  public long bytes() {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
