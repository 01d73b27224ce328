package dev.cofferdam.gateway.storage;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * An id that the gateway made, of 128 random bits: whoever names one that is another tenant's has
 * it from there. Names that tenants choose may well be the same by chance, and are none.
 *
 * @param kind what it names
 * @param value as clients say it
 */
public record GeneratedId(Kind kind, String value) {
  /** What is named. */
  public enum Kind {
    /** A file of batch jobs. */
    FILE("file", "file-"),
    /** A batch job. */
    BATCH("batch", "batch_"),
    /** A document that was put without an id. */
    DOCUMENT("document", "doc-"),
    /** A request that is kept. */
    STORED_REQUEST("stored request", "");

    private final String label;
    private final Pattern form;

    Kind(String label, String prefix) {
      this.label = label;
      this.form = Pattern.compile(prefix + "[0-9a-f]{32}");
    }

    /** In words. */
    public String label() {
      return label;
    }
  }

  /** What a client said, if it has the form of those that the gateway makes. */
  public static Optional<GeneratedId> of(Kind kind, String said) {
    return kind.form.matcher(said).matches()
        ? Optional.of(new GeneratedId(kind, said))
        : Optional.empty();
  }
}
