package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.ingress.Offers;
import dev.cofferdam.gateway.ingress.rest.Dialect;
import dev.cofferdam.gateway.ingress.rest.Query;
import dev.cofferdam.gateway.ingress.rest.RestEdge;
import dev.cofferdam.gateway.tenancy.AdapterEntry;
import dev.cofferdam.gateway.tenancy.ModelEntry;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantProfile;
import io.vertx.ext.web.Router;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** OpenAI's API: chat completions, completions, responses, embeddings, models. */
public final class OpenAiApi {
  private final RestEdge edge;
  private final Offers offers;
  private final Dialect dialect = new OpenAiDialect();

  public OpenAiApi(RestEdge edge, Offers offers) {
    this.edge = edge;
    this.offers = offers;
  }

  /** Adds the routes, last those of all paths that nobody else took. */
  public void mount(Router router) {
    generates(router, "/v1/chat/completions", ChatQuery::read);
    generates(router, "/v1/completions", CompletionQuery::read);
    generates(router, "/v1/responses", ResponseQuery::read);
    generates(router, "/v1/embeddings", EmbeddingQuery::read);
    edge.lookUp(
        router.get("/v1/models"), "/v1/models", dialect, (tenant, routing) -> models(tenant));
    edge.lookUp(
        router.get("/v1/models/:id"),
        "/v1/models/{id}",
        dialect,
        (tenant, routing) -> model(tenant, String.valueOf(routing.pathParam("id"))));
    edge.unknown(router.route("/v1/*"), "/v1/*", dialect);
  }

  private void generates(Router router, String path, Function<JsonNode, Query> reader) {
    edge.generate(router.post(path), path, dialect, reader);
  }

  private ObjectNode models(TenantProfile tenant) {
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("object", "list");
    ArrayNode data = body.putArray("data");
    offered(tenant).values().forEach(data::add);
    return body;
  }

  private ObjectNode model(TenantProfile tenant, String id) {
    ObjectNode found = offered(tenant).get(id);
    if (found == null) {
      throw Refusal.ofParameter(
              ErrorCode.MODEL_NOT_FOUND, "model", "the model does not exist or is not yours")
          .asException();
    }
    return found;
  }

  private Map<String, ObjectNode> offered(TenantProfile tenant) {
    Map<String, ObjectNode> offered = new LinkedHashMap<>();
    for (ModelEntry model : offers.models(tenant)) {
      offered.put(model.id(), entry(model.id(), model, "cofferdam"));
      for (AdapterEntry adapter : offers.adapters(tenant, model)) {
        String id = model.id() + ":" + adapter.name();
        offered.put(id, entry(id, model, tenant.id().value()));
      }
    }
    return offered;
  }

  private static ObjectNode entry(String id, ModelEntry model, String owner) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", id)
        .put("object", "model")
        .put("created", model.createdEpochS())
        .put("owned_by", owner);
  }
}
