package dev.cofferdam.gateway.admin.kafka;

import com.google.protobuf.Message;
import dev.cofferdam.gateway.admin.Configuration;
import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.mesh.kafka.ConfigWriter;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.ApiKey;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.RateCard;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The configuration topics: written with all replicas' word, read from this gateway's views. */
public final class KafkaConfiguration implements Configuration {
  private static final long IN_FORCE_MS_MAX = 1_000;

  private final ConfigWriter writer;
  private final Views views;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** This gateway's views. */
  public record Views(
      ConfigView<Tenant> tenants,
      ConfigView<ApiKey> keys,
      ConfigView<Model> models,
      ConfigView<Adapter> adapters,
      ConfigView<Pool> pools,
      ConfigView<RateCard> rateCards) {}

  /** Writer and views stay the caller's. */
  public KafkaConfiguration(ConfigWriter writer, Views views) {
    this.writer = writer;
    this.views = views;
    views.tenants().onChange(this::signal);
    views.keys().onChange(this::signal);
    views.models().onChange(this::signal);
    views.adapters().onChange(this::signal);
    views.pools().onChange(this::signal);
    views.rateCards().onChange(this::signal);
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
  public void put(Tenant tenant) {
    write(views.tenants(), Topics.TENANTS, tenant.getId(), tenant);
  }

  @Override
  public void put(ApiKey key) {
    write(views.keys(), Topics.API_KEYS, key.getKeyId(), key);
  }

  @Override
  public void put(Model model) {
    write(views.models(), Topics.MODELS, model.getId(), model);
  }

  @Override
  public void put(Adapter adapter) {
    write(
        views.adapters(), Topics.ADAPTERS, adapter.getTenant() + "/" + adapter.getName(), adapter);
  }

  @Override
  public void put(Pool pool) {
    write(views.pools(), Topics.POOLS, pool.getId(), pool);
  }

  @Override
  public void put(RateCard card) {
    write(views.rateCards(), Topics.RATE_CARDS, card.getId(), card);
  }

  @Override
  public void removeTenant(String key) {
    write(views.tenants(), Topics.TENANTS, key, null);
  }

  @Override
  public void removeApiKey(String key) {
    write(views.keys(), Topics.API_KEYS, key, null);
  }

  @Override
  public void removeModel(String key) {
    write(views.models(), Topics.MODELS, key, null);
  }

  @Override
  public void removeAdapter(String key) {
    write(views.adapters(), Topics.ADAPTERS, key, null);
  }

  @Override
  public void removePool(String key) {
    write(views.pools(), Topics.POOLS, key, null);
  }

  @Override
  public void removeRateCard(String key) {
    write(views.rateCards(), Topics.RATE_CARDS, key, null);
  }

  /** Null removes. */
  private <T extends Message> void write(
      ConfigView<T> view, String topic, String key, @Nullable T value) {
    writer.put(topic, key, value);
    long nanos = TimeUnit.MILLISECONDS.toNanos(IN_FORCE_MS_MAX);
    lock.lock();
    try {
      while (!view.get(key).equals(Optional.ofNullable(value))) {
        if (nanos <= 0) {
          throw notInForce();
        }
        nanos = changed.awaitNanos(nanos);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw notInForce();
    } finally {
      lock.unlock();
    }
  }

  private void signal() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private static RuntimeException notInForce() {
    return Refusal.of(
            ErrorCode.DEPENDENCY_UNAVAILABLE,
            "the change is written, but not in force in this gateway yet")
        .asException();
  }
}
