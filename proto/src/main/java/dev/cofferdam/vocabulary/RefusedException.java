package dev.cofferdam.vocabulary;

/** Carries a {@link Refusal} across a boundary that only knows exceptions. */
public final class RefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Refusal refusal;

  public RefusedException(Refusal refusal) {
    super(refusal.code().wireName() + ": " + refusal.message(), null, false, false);
    this.refusal = refusal;
  }

  /** Why. */
  public Refusal refusal() {
    return refusal;
  }
}
