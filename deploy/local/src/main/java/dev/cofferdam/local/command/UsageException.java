package dev.cofferdam.local.command;

/** The command line does not hold; the message says what is wrong. Exit status 2. */
final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UsageException(String message) {
    super(message);
  }
}
