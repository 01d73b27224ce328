package dev.cofferdam.gateway.identity;

/** Decides who makes a request. */
public interface Authenticator {
  /** Checks credentials; answers from memory and fails closed. */
  Authentication authenticate(Credentials credentials);
}
