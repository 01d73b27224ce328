package dev.cofferdam.gateway.identity;

import dev.cofferdam.vocabulary.RequestId;

/** Decides who makes a request. */
public interface Authenticator {
  /** Checks credentials; answers from memory and fails closed. */
  Authentication authenticate(Credentials credentials);

  /** The same, for a request that has its id already: what is recorded names it. */
  default Authentication authenticate(RequestId request, Credentials credentials) {
    return authenticate(credentials);
  }
}
