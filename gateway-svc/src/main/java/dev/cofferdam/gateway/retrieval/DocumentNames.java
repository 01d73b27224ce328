package dev.cofferdam.gateway.retrieval;

import java.util.regex.Pattern;

/** The form of documents' ids and of collections. */
public final class DocumentNames {
  /** The collection of documents that name none. */
  public static final String DEFAULT_COLLECTION = "default";

  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

  private DocumentNames() {}

  /** Whether a text has it. */
  public static boolean isValid(String name) {
    return FORM.matcher(name).matches();
  }
}
