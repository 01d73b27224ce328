package dev.cofferdam.gateway.tenancy;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** The models and adapters of the mesh, as configured. Answers from memory; never blocks. */
public interface Catalog {
  /** The model of an id. */
  Optional<ModelEntry> model(String id);

  /** All models in alphabetical order. */
  List<ModelEntry> models();

  /** An adapter of this owner; another tenant's is as good as none. */
  Optional<AdapterEntry> adapter(TenantId owner, String name);

  /** All adapters of this owner in alphabetical order. */
  List<AdapterEntry> adapters(TenantId owner);

  /**
   * Whether only others have an adapter of this name. For the audit log alone: no answer to a
   * caller may depend on it.
   */
  boolean isAnothersAdapter(TenantId owner, String name);

  /**
   * The largest context of the pools that may serve a tenant's request; empty where none of them
   * says one, or none is known.
   */
  OptionalInt poolContextTokensMax(
      TenantProfile tenant, ModelEntry model, WorkloadClass workloadClass);

  /**
   * Whether a pool may serve such requests of a tenant's, as far as pools are known; where none is,
   * the router decides.
   */
  boolean served(TenantProfile tenant, ModelEntry model, WorkloadClass workloadClass);

  /** The model that is tried in a model's shadow. */
  default Optional<Shadow> shadow(ModelEntry model) {
    return Optional.empty();
  }

  /**
   * A model that is tried in another's shadow.
   *
   * @param model the model
   * @param share share of the conversations
   */
  record Shadow(ModelEntry model, double share) {}

  /**
   * The model that answers a share of a model's conversations in its place; the same kind of entry
   * as a shadow's.
   */
  default Optional<Shadow> shift(ModelEntry model) {
    return Optional.empty();
  }

  /** The model of a request that names none: the tenant's own default, else its tier's. */
  Optional<ModelEntry> defaultModel(TenantProfile tenant);
}
