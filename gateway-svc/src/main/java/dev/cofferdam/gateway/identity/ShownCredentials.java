package dev.cofferdam.gateway.identity;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.SpiffeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * All that a request shows to prove who it is. Whatever is said twice must be the same.
 *
 * @param credentials with the first key, the first token and the first claim of a tenant
 * @param disagree whether another one is there that differs from it
 */
public record ShownCredentials(Credentials credentials, boolean disagree) {
  /** The answer where they disagree. */
  public static final Refusal DISAGREE =
      Refusal.of(ErrorCode.IDENTITY_MISMATCH, "the request's credentials disagree");

  private static final String BEARER = "Bearer ";

  /**
   * What a request's headers and its connection say.
   *
   * @param authorizations values of {@code authorization}; what is no bearer's is nothing
   * @param apiKeys values of {@code x-api-key}
   * @param claims values of {@code x-tenant-id}
   */
  public static ShownCredentials of(
      Iterable<String> authorizations,
      Iterable<String> apiKeys,
      List<String> claims,
      Optional<SpiffeId> certificate,
      String sourceIp) {
    List<String> keys = new ArrayList<>(1);
    List<String> tokens = new ArrayList<>(1);
    for (String header : authorizations) {
      if (header.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
        sort(header.substring(BEARER.length()).strip(), keys, tokens);
      }
    }
    for (String header : apiKeys) {
      sort(header.strip(), keys, tokens);
    }
    return new ShownCredentials(
        new Credentials(first(keys), first(tokens), certificate, first(claims), sourceIp),
        differ(keys) || differ(tokens) || differ(claims));
  }

  private static void sort(String text, List<String> keys, List<String> tokens) {
    (ApiKeys.looksLikeKey(text) ? keys : tokens).add(text);
  }

  private static Optional<String> first(List<String> texts) {
    return texts.isEmpty() ? Optional.empty() : Optional.of(texts.getFirst());
  }

  private static boolean differ(List<String> texts) {
    return texts.size() > 1 && texts.stream().distinct().count() > 1;
  }
}
