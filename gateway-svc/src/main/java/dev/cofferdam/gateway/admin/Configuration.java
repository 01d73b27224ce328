package dev.cofferdam.gateway.admin;

import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.ApiKey;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.RateCard;
import dev.cofferdam.proto.admin.v1.Tenant;
import java.util.Map;
import java.util.Optional;

/**
 * The configuration in force, and the way to change it. A {@code put} returns when the change is
 * safe and in force in this gateway.
 *
 * <p>A {@code put} throws {@link dev.cofferdam.vocabulary.RefusedException} DEPENDENCY_UNAVAILABLE
 * where that does not happen in time; the change may still come into force then.
 */
public interface Configuration {
  /** All tenants by id. */
  Map<String, Tenant> tenants();

  /** A key's verifier by its public part. */
  Optional<ApiKey> apiKey(String keyId);

  /** A model by its id. */
  Optional<Model> model(String id);

  /** A rate card by its id. */
  Optional<RateCard> rateCard(String id);

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
}
