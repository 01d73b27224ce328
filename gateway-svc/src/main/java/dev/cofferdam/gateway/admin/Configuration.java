package dev.cofferdam.gateway.admin;

import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.ApiKey;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.RateCard;
import dev.cofferdam.proto.admin.v1.Tenant;
import java.util.Map;
import java.util.function.Function;

/** The configuration in force, and the way to change it. */
public interface Configuration {
  /** All tenants by id. */
  Map<String, Tenant> tenants();

  /** All keys' verifiers by public part. */
  Map<String, ApiKey> apiKeys();

  /** All models by id. */
  Map<String, Model> models();

  /** All adapters by "tenant/name". */
  Map<String, Adapter> adapters();

  /** All pools by id. */
  Map<String, Pool> pools();

  /** All rate cards by id. */
  Map<String, RateCard> rateCards();

  /**
   * Makes a change, all of it or nothing, from a configuration that holds every change before it;
   * returns when it is safe and in force in this gateway.
   *
   * @param work says what to write; runs again where another gateway was faster. What it throws
   *     ends the change
   * @throws dev.cofferdam.vocabulary.RefusedException DEPENDENCY_UNAVAILABLE where that does not
   *     happen in time; the change may still come into force then. CONFLICT where others were
   *     faster again and again
   */
  <R> R change(Function<Changes, R> work);

  /** What a change writes. */
  interface Changes {
    /** Creates or replaces a tenant. */
    void put(Tenant tenant);

    /** Creates or replaces a key. */
    void put(ApiKey key);

    /** Creates or replaces a model. */
    void put(Model model);

    /** Creates or replaces an adapter. */
    void put(Adapter adapter);

    /** Creates or replaces a pool. */
    void put(Pool pool);

    /** Creates or replaces a rate card. */
    void put(RateCard card);

    /** Removes a tenant by its key in {@link #tenants}. */
    void removeTenant(String key);

    /** Removes a key by its key in {@link #apiKeys}. */
    void removeApiKey(String key);

    /** Removes a model by its key in {@link #models}. */
    void removeModel(String key);

    /** Removes an adapter by its key in {@link #adapters}. */
    void removeAdapter(String key);

    /** Removes a pool by its key in {@link #pools}. */
    void removePool(String key);

    /** Removes a rate card by its key in {@link #rateCards}. */
    void removeRateCard(String key);
  }
}
