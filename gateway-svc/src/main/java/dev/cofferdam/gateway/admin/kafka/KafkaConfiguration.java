package dev.cofferdam.gateway.admin.kafka;

import dev.cofferdam.gateway.admin.Configuration;
import dev.cofferdam.mesh.kafka.ConfigFeed;
import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.mesh.kafka.ConfigWriter;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.ApiKey;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.RateCard;
import dev.cofferdam.proto.admin.v1.Tenant;
import java.util.Map;
import java.util.function.Function;

/** The configuration topics: written with all replicas' word, read from this gateway's views. */
public final class KafkaConfiguration implements Configuration {
  private final ConfigWriter writer;
  private final Views views;

  /** This gateway's views. */
  public record Views(
      ConfigView<Tenant> tenants,
      ConfigView<ApiKey> keys,
      ConfigView<Model> models,
      ConfigView<Adapter> adapters,
      ConfigView<Pool> pools,
      ConfigView<RateCard> rateCards) {
    /** Those of a feed that is still to start. */
    public static Views of(ConfigFeed.Builder feed) {
      return new Views(
          feed.view(Topics.TENANTS, Tenant.parser()),
          feed.view(Topics.API_KEYS, ApiKey.parser()),
          feed.view(Topics.MODELS, Model.parser()),
          feed.view(Topics.ADAPTERS, Adapter.parser()),
          feed.view(Topics.POOLS, Pool.parser()),
          feed.view(Topics.RATE_CARDS, RateCard.parser()));
    }
  }

  /**
   * Writer and views stay the caller's.
   *
   * @param writer waits for all of these views
   */
  public KafkaConfiguration(ConfigWriter writer, Views views) {
    this.writer = writer;
    this.views = views;
  }

  @Override
  public Map<String, Tenant> tenants() {
    return views.tenants().snapshot();
  }

  @Override
  public Map<String, ApiKey> apiKeys() {
    return views.keys().snapshot();
  }

  @Override
  public Map<String, Model> models() {
    return views.models().snapshot();
  }

  @Override
  public Map<String, Adapter> adapters() {
    return views.adapters().snapshot();
  }

  @Override
  public Map<String, Pool> pools() {
    return views.pools().snapshot();
  }

  @Override
  public Map<String, RateCard> rateCards() {
    return views.rateCards().snapshot();
  }

  @Override
  public <R> R change(Function<Changes, R> work) {
    return writer.change(written -> work.apply(new Written(written)));
  }

  private record Written(ConfigWriter.Change write) implements Changes {
    @Override
    public void put(Tenant tenant) {
      write.put(Topics.TENANTS, tenant.getId(), tenant);
    }

    @Override
    public void put(ApiKey key) {
      write.put(Topics.API_KEYS, key.getKeyId(), key);
    }

    @Override
    public void put(Model model) {
      write.put(Topics.MODELS, model.getId(), model);
    }

    @Override
    public void put(Adapter adapter) {
      write.put(Topics.ADAPTERS, adapter.getTenant() + "/" + adapter.getName(), adapter);
    }

    @Override
    public void put(Pool pool) {
      write.put(Topics.POOLS, pool.getId(), pool);
    }

    @Override
    public void put(RateCard card) {
      write.put(Topics.RATE_CARDS, card.getId(), card);
    }

    @Override
    public void removeTenant(String key) {
      write.put(Topics.TENANTS, key, null);
    }

    @Override
    public void removeApiKey(String key) {
      write.put(Topics.API_KEYS, key, null);
    }

    @Override
    public void removeModel(String key) {
      write.put(Topics.MODELS, key, null);
    }

    @Override
    public void removeAdapter(String key) {
      write.put(Topics.ADAPTERS, key, null);
    }

    @Override
    public void removePool(String key) {
      write.put(Topics.POOLS, key, null);
    }

    @Override
    public void removeRateCard(String key) {
      write.put(Topics.RATE_CARDS, key, null);
    }
  }
}
