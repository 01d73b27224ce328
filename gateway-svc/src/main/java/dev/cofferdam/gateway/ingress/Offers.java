package dev.cofferdam.gateway.ingress;

import dev.cofferdam.gateway.tenancy.AdapterEntry;
import dev.cofferdam.gateway.tenancy.Catalog;
import dev.cofferdam.gateway.tenancy.ModelEntry;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RolloutShare;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What a tenant may use of the catalog: public models that it allows, restricted ones that it
 * names.
 */
public final class Offers {
  private final Catalog catalog;

  public Offers(Catalog catalog) {
    this.catalog = catalog;
  }

  /** The tenant's models in alphabetical order. */
  public List<ModelEntry> models(TenantProfile tenant) {
    return catalog.models().stream().filter(m -> exists(tenant, m) && allows(tenant, m)).toList();
  }

  /** The tenant's adapters of a model in alphabetical order. */
  public List<AdapterEntry> adapters(TenantProfile tenant, ModelEntry model) {
    return catalog.adapters(tenant.id()).stream()
        .filter(a -> a.model().equals(model.id()))
        .toList();
  }

  /**
   * The model that is tried in a model's shadow; none for tenants that have a pool of their own.
   */
  Optional<Catalog.Shadow> shadow(TenantProfile tenant, ModelEntry model) {
    return tenant.dedicatedPool().isPresent() ? Optional.empty() : catalog.shadow(model);
  }

  /**
   * The model that answers a conversation of a model's: the model itself, or the one that it is
   * shifted to. Requests with an adapter, and tenants that have a pool of their own, stay.
   *
   * @param conversation keyed digest of the conversation's beginning
   */
  ModelEntry answering(
      Operation operation,
      TenantProfile tenant,
      ModelEntry model,
      Optional<AdapterEntry> adapter,
      Supplier<byte[]> conversation) {
    if (operation != Operation.GENERATE
        || adapter.isPresent()
        || tenant.dedicatedPool().isPresent()) {
      return model;
    }
    return catalog
        .shift(model)
        .filter(
            shift ->
                RolloutShare.includes(
                    conversation.get(), "shift/" + shift.model().id(), shift.share()))
        .map(Catalog.Shadow::model)
        .orElse(model);
  }

  /** The largest sum of input and output tokens for a tenant, wherever it is served. */
  public static int contextTokensMax(TenantProfile tenant, ModelEntry model) {
    return Math.min(tenant.limits().contextTokensMax(), model.contextTokensMax());
  }

  /** The largest sum of input and output tokens of a request, in the pools that may serve it. */
  int contextTokensMax(TenantProfile tenant, ModelEntry model, WorkloadClass workloadClass) {
    int own = contextTokensMax(tenant, model);
    return Math.min(own, catalog.poolContextTokensMax(tenant, model, workloadClass).orElse(own));
  }

  /** Input and output tokens whose KV fits a tenant's quota. */
  static long kvTokensMax(TenantProfile tenant, ModelEntry model) {
    return model.kvBytesPerToken() == 0
        ? Long.MAX_VALUE
        : tenant.limits().kvBytesMax() / model.kvBytesPerToken();
  }

  /** The model of an id, or of none, whether or not the tenant may use it. */
  Optional<ModelEntry> known(TenantProfile tenant, String id) {
    return id.isEmpty() ? catalog.defaultModel(tenant) : catalog.model(id);
  }

  /**
   * The model of a request.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException MODEL_NOT_FOUND for an unknown one and for
   *     another's, NOT_ALLOWED for one that the tenant's own list leaves out
   */
  public ModelEntry model(TenantProfile tenant, String id, String field) {
    Optional<ModelEntry> model = known(tenant, id);
    ModelEntry found =
        model
            .filter(m -> exists(tenant, m))
            .orElseThrow(
                () ->
                    Refusal.ofParameter(
                            ErrorCode.MODEL_NOT_FOUND,
                            field,
                            "the model does not exist or is not yours")
                        .asException());
    if (!allows(tenant, found)) {
      throw Refusal.ofParameter(
              ErrorCode.NOT_ALLOWED, field, "the tenant's list of models leaves this one out")
          .asException();
    }
    return found;
  }

  /** Whether a pool that the tenant may use serves a model in a class. */
  public boolean served(TenantProfile tenant, ModelEntry model, WorkloadClass workloadClass) {
    return catalog.served(tenant, model, workloadClass);
  }

  /**
   * The adapter of a request.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException ADAPTER_NOT_FOUND, the same for one that
   *     nobody has and one that another tenant has
   */
  Optional<AdapterEntry> adapter(
      TenantProfile tenant, ModelEntry model, String name, String field) {
    if (name.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        catalog
            .adapter(tenant.id(), name)
            .filter(a -> a.model().equals(model.id()))
            .orElseThrow(
                () ->
                    Refusal.ofParameter(
                            ErrorCode.ADAPTER_NOT_FOUND,
                            field,
                            "the adapter does not exist or is not yours")
                        .asException()));
  }

  /** What of others' a tenant reached for that was told it does not exist; for the audit log. */
  Optional<String> crossing(TenantProfile tenant, String model, String adapter, Refusal refusal) {
    return switch (refusal.code()) {
      case MODEL_NOT_FOUND ->
          known(tenant, model)
              .filter(m -> !exists(tenant, m))
              .map(m -> "asked for a model of other tenants");
      case ADAPTER_NOT_FOUND ->
          adapter.isEmpty() || !catalog.isAnothersAdapter(tenant.id(), adapter)
              ? Optional.empty()
              : Optional.of("asked for an adapter of another tenant");
      default -> Optional.empty();
    };
  }

  private static boolean exists(TenantProfile tenant, ModelEntry model) {
    return !model.restricted() || tenant.modelsAllowed().contains(model.id());
  }

  private static boolean allows(TenantProfile tenant, ModelEntry model) {
    return tenant.modelsAllowed().isEmpty() || tenant.modelsAllowed().contains(model.id());
  }
}
