package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.admin.Problems;
import dev.cofferdam.gateway.admin.TenantContents;
import dev.cofferdam.gateway.admin.TenantRules;
import dev.cofferdam.gateway.dispatch.Dispatcher;
import dev.cofferdam.gateway.ingress.Offers;
import dev.cofferdam.gateway.responses.MeshEmbedder;
import dev.cofferdam.gateway.responses.ResponseSeal;
import dev.cofferdam.gateway.responses.ResponseStore;
import dev.cofferdam.gateway.responses.SimilarResponses;
import dev.cofferdam.gateway.responses.redis.RedisResponseStore;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.wire.TenantRecords;
import io.vertx.redis.client.Redis;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/** Answers that are given again, where this gateway has a key to seal them. */
final class KeptResponses implements TenantContents, TenantRules {
  private final Optional<ResponseSeal> seal;
  private final ResponseStore store;
  private final Offers offers;

  KeptResponses(GatewayConfig.Responses config, Redis redis, Offers offers) {
    this.seal = config.secretFile().map(Gateway::secret).map(ResponseSeal::new);
    this.store = new RedisResponseStore(redis, config.timeoutMs());
    this.offers = offers;
  }

  /** The dispatcher with these answers. */
  Dispatcher in(Dispatcher without, Executor disk) {
    return seal.map(
            key ->
                without.recallingFrom(
                    new SimilarResponses(key, store, new MeshEmbedder(without, disk))))
        .orElse(without);
  }

  @Override
  public void erase(TenantId tenant) {
    if (seal.isEmpty()) {
      return;
    }
    try {
      store.erase(tenant).toCompletableFuture().join();
    } catch (CompletionException e) {
      throw Refusal.of(
              ErrorCode.DEPENDENCY_UNAVAILABLE, "the tenant's kept answers cannot be erased now")
          .asException();
    }
  }

  /**
   * Similar questions are found by embeddings, which the models that answer make in their pools.
   */
  @Override
  public void check(Problems problems, Tenant tenant) {
    if (!tenant.hasSimilarResponses()) {
      return;
    }
    if (seal.isEmpty()) {
      problems.add(
          "similar_responses", "set", "a gateway that has cofferdam.responses.secret-file");
    }
    TenantProfile profile = TenantRecords.profile(tenant);
    boolean embeds =
        offers.models(profile).stream()
            .anyMatch(
                model ->
                    profile.workloadClassesAllowed().stream()
                        .anyMatch(each -> offers.served(profile, model, each)));
    if (!embeds) {
      problems.add(
          "similar_responses",
          "set",
          "a model in a pool of the tenant's, which makes the embeddings; there is none");
    }
  }
}
