package dev.cofferdam.vocabulary;

/**
 * What a tenant may keep for retrieval.
 *
 * @param countMax documents
 * @param bytesMax UTF-8 bytes of all texts
 * @param documentBytesMax UTF-8 bytes of one text
 * @param language PostgreSQL's text search configuration by which words are compared
 */
public record DocumentLimits(int countMax, long bytesMax, int documentBytesMax, String language) {
  /** Words are compared as they are. */
  public static final String SIMPLE = "simple";

  /** Limits with words as they are. */
  public static DocumentLimits of(int countMax, long bytesMax, int documentBytesMax) {
    return new DocumentLimits(countMax, bytesMax, documentBytesMax, SIMPLE);
  }
}
