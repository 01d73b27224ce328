package dev.cofferdam.gateway.app;

import io.quarkus.redis.client.RedisOptionsCustomizer;
import io.quarkus.redis.runtime.client.config.RedisConfig;
import io.vertx.redis.client.RedisOptions;
import jakarta.enterprise.context.ApplicationScoped;
import org.jspecify.annotations.Nullable;

/** What {@code quarkus.redis} says, for further clients beside the one that Quarkus makes. */
@ApplicationScoped
public class RedisSettings implements RedisOptionsCustomizer {
  private volatile @Nullable RedisOptions options;

  @Override
  public void customize(String client, RedisOptions made) {
    if (client.equals(RedisConfig.DEFAULT_CLIENT_NAME)) {
      options = new RedisOptions(made);
    }
  }

  RedisOptions options() {
    RedisOptions made = options;
    if (made == null) {
      throw new IllegalStateException("Redis has no settings (expected: quarkus.redis.hosts)");
    }
    return new RedisOptions(made);
  }
}
