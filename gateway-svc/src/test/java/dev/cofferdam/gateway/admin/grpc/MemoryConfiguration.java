package dev.cofferdam.gateway.admin.grpc;

import dev.cofferdam.gateway.admin.Configuration;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.ApiKey;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.RateCard;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/** A configuration in memory, that can be out. */
final class MemoryConfiguration implements Configuration, Configuration.Changes {
  private final Map<String, Tenant> tenants = new HashMap<>();
  private final Map<String, ApiKey> keys = new HashMap<>();
  private final Map<String, Model> models = new HashMap<>();
  private final Map<String, Adapter> adapters = new HashMap<>();
  private final Map<String, Pool> pools = new HashMap<>();
  private final Map<String, RateCard> rateCards = new HashMap<>();
  boolean out;

  @Override
  public <R> R change(Function<Changes, R> work) {
    return work.apply(this);
  }

  @Override
  public Map<String, Tenant> tenants() {
    return tenants;
  }

  @Override
  public void put(Tenant value) {
    if (out) {
      throw Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "Kafka is out").asException();
    }
    tenants.put(value.getId(), value);
  }

  @Override
  public void removeTenant(String key) {
    tenants.remove(key);
  }

  @Override
  public Map<String, ApiKey> apiKeys() {
    return keys;
  }

  @Override
  public void put(ApiKey value) {
    keys.put(value.getKeyId(), value);
  }

  @Override
  public void removeApiKey(String key) {
    keys.remove(key);
  }

  @Override
  public Map<String, Model> models() {
    return models;
  }

  @Override
  public void put(Model value) {
    models.put(value.getId(), value);
  }

  @Override
  public void removeModel(String key) {
    models.remove(key);
  }

  @Override
  public Map<String, Adapter> adapters() {
    return adapters;
  }

  @Override
  public void put(Adapter value) {
    adapters.put(value.getTenant() + "/" + value.getName(), value);
  }

  @Override
  public void removeAdapter(String key) {
    adapters.remove(key);
  }

  @Override
  public Map<String, Pool> pools() {
    return pools;
  }

  @Override
  public void put(Pool value) {
    pools.put(value.getId(), value);
  }

  @Override
  public void removePool(String key) {
    pools.remove(key);
  }

  @Override
  public Map<String, RateCard> rateCards() {
    return rateCards;
  }

  @Override
  public void put(RateCard value) {
    rateCards.put(value.getId(), value);
  }

  @Override
  public void removeRateCard(String key) {
    rateCards.remove(key);
  }
}
