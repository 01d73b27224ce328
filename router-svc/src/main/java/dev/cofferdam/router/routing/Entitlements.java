package dev.cofferdam.router.routing;

import dev.cofferdam.router.tenancy.Directory;
import dev.cofferdam.router.tenancy.Directory.OwnedAdapter;
import dev.cofferdam.router.tenancy.Directory.ServedModel;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantProfile;
import java.time.Duration;
import java.util.Optional;

/** What a request may do, from the tenant's record alone. */
final class Entitlements {
  private final Directory directory;

  Entitlements(Directory directory) {
    this.directory = directory;
  }

  /** What came of an examination. */
  sealed interface Result {
    /**
     * The request may be served.
     *
     * @param adapterVersion the version that serves it, empty for the base model
     */
    record Entitled(TenantProfile tenant, ServedModel model, String adapterVersion)
        implements Result {}

    /** It may not, or not yet. */
    record Denied(Route route) implements Result {}
  }

  /** Examines a request. */
  Result examine(Envelope request) {
    Optional<TenantProfile> tenant = directory.tenant(request.tenant());
    if (tenant.isEmpty()) {
      return directory.ready()
          ? denied(ErrorCode.NOT_ALLOWED, "this tenant is not known")
          : new Result.Denied(
              new Route.NoWorker(
                  Refusal.of(
                          ErrorCode.DEPENDENCY_UNAVAILABLE, "the router has no configuration yet")
                      .withRetryAfter(Duration.ofSeconds(1))));
    }
    return examine(request, tenant.get());
  }

  private Result examine(Envelope request, TenantProfile tenant) {
    if (tenant.status() == TenantProfile.Status.SUSPENDED) {
      return denied(ErrorCode.TENANT_SUSPENDED, "this tenant is suspended");
    }
    Optional<ServedModel> model = directory.model(request.model());
    if (model.isEmpty()) {
      return denied(ErrorCode.MODEL_NOT_FOUND, "no such model");
    }
    // Whether a model is tried in another's shadow is the operator's decision.
    boolean allowed = allows(tenant, model.get()) || request.operation() == Operation.SHADOW;
    if (!allowed && !shifted(tenant, request)) {
      return denied(ErrorCode.NOT_ALLOWED, "this tenant may not use this model");
    }
    if (!tenant.workloadClassesAllowed().contains(request.workloadClass())) {
      return denied(
          ErrorCode.NOT_ALLOWED,
          "this tenant may not use class " + request.workloadClass().label());
    }
    int contextMax = Math.min(model.get().contextTokensMax(), tenant.limits().contextTokensMax());
    if (request.contextTokens() > contextMax) {
      return denied(
          ErrorCode.CONTEXT_LENGTH_EXCEEDED,
          "input and output of "
              + request.contextTokens()
              + " tokens exceed the context of "
              + contextMax);
    }
    if (request.adapter().isEmpty()) {
      return new Result.Entitled(tenant, model.get(), "");
    }
    return directory
        .adapter(tenant.id(), request.adapter())
        .filter(adapter -> adapter.model().equals(request.model()))
        .<Result>map(adapter -> new Result.Entitled(tenant, model.get(), version(request, adapter)))
        .orElseGet(() -> denied(ErrorCode.ADAPTER_NOT_FOUND, "no such adapter"));
  }

  private static boolean allows(TenantProfile tenant, ServedModel model) {
    return tenant.modelsAllowed().contains(model.id())
        || (!model.restricted() && tenant.modelsAllowed().isEmpty());
  }

  /** Whether the model answers conversations of one that the tenant may use. */
  private boolean shifted(TenantProfile tenant, Envelope request) {
    return request.adapter().isEmpty()
        && directory.shiftedTo(request.model()).stream().anyMatch(m -> allows(tenant, m));
  }

  /**
   * The version that the gateway chose, so that a request that is placed again goes on with it
   * whatever became of the rollout; the current one where the gateway's is not known here.
   */
  private static String version(Envelope request, OwnedAdapter adapter) {
    return adapter.has(request.adapterVersion()) ? request.adapterVersion() : adapter.version();
  }

  private static Result denied(ErrorCode code, String message) {
    return new Result.Denied(new Route.Refused(Refusal.of(code, message)));
  }
}
