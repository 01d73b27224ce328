package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.facts.ContentHash;
import dev.cofferdam.gateway.identity.Tokens;
import dev.cofferdam.gateway.identity.jose.IssuerKeys;
import dev.cofferdam.gateway.identity.jose.JwtTokens;
import dev.cofferdam.gateway.identity.jose.KeySources;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** The issuer whose tokens are trusted, if any, and the thread that keeps its keys fresh. */
final class TrustedIssuer implements AutoCloseable {
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("issuer-keys").factory());
  private final Optional<IssuerKeys> keys;
  private final Tokens tokens;

  /**
   * @throws IllegalStateException for settings that are incomplete
   */
  TrustedIssuer(
      GatewayConfig.Jwt config, Function<TenantId, ContentHash> hashes, InstantSource clock) {
    if (config.issuer().isEmpty() && config.audience().isEmpty() && config.jwks().isEmpty()) {
      this.keys = Optional.empty();
      this.tokens = Tokens.NONE;
      return;
    }
    if (config.issuer().isEmpty() || config.audience().isEmpty() || config.jwks().isEmpty()) {
      throw new IllegalStateException(
          "cofferdam.jwt: issuer, audience and jwks are given together, or none of them");
    }
    if (config.refreshS() < 1 || config.unknownKeyRefreshS() < 1 || config.timeoutMs() < 1) {
      throw new IllegalStateException("cofferdam.jwt: times must be positive");
    }
    IssuerKeys read =
        new IssuerKeys(
            KeySources.of(
                config.jwks().get(), config.trust(), Duration.ofMillis(config.timeoutMs())),
            Duration.ofSeconds(config.unknownKeyRefreshS()),
            thread,
            clock);
    this.keys = Optional.of(read);
    this.tokens =
        new JwtTokens(config.issuer().get(), config.audience().get(), read, hashes, clock);
    thread.scheduleWithFixedDelay(read::refresh, 0, config.refreshS(), TimeUnit.SECONDS);
  }

  Tokens tokens() {
    return tokens;
  }

  Optional<IssuerKeys> keys() {
    return keys;
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
