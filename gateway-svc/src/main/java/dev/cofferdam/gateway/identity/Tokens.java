package dev.cofferdam.gateway.identity;

/** Signed tokens of an issuer that the mesh trusts. */
public interface Tokens {
  /** No issuer is trusted. */
  Tokens NONE = token -> new Check.Fails("a text that is no key");

  /** Checks a token; answers from memory. The text may be anything, of any length. */
  Check check(String token);

  /** The outcome. */
  sealed interface Check {
    /** The token holds. */
    record Holds(TokenClaims claims) implements Check {}

    /**
     * It does not.
     *
     * @param reason one of a few constant texts, for the audit record; callers are told none
     */
    record Fails(String reason) implements Check {}
  }
}
