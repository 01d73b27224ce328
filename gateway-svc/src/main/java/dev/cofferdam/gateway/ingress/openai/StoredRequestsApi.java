package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.ingress.rest.Call;
import dev.cofferdam.gateway.ingress.rest.Dialect;
import dev.cofferdam.gateway.ingress.rest.Fields;
import dev.cofferdam.gateway.ingress.rest.Reply;
import dev.cofferdam.gateway.ingress.rest.RestEdge;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.storage.ForeignIds;
import dev.cofferdam.gateway.storage.GeneratedId;
import dev.cofferdam.gateway.transcripts.Transcript;
import dev.cofferdam.gateway.transcripts.TranscriptEntry;
import dev.cofferdam.gateway.transcripts.Transcripts;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.RequestId;
import io.vertx.ext.web.Router;
import java.util.List;
import java.util.Optional;

/** The requests of a tenant that wants them kept, in the manner of OpenAI's API. */
public final class StoredRequestsApi {
  private static final String PATH = "/v1/stored-requests";

  private final RestEdge edge;
  private final Transcripts transcripts;
  private final MissingIds missing;
  private final Dialect dialect = new OpenAiDialect();

  public StoredRequestsApi(RestEdge edge, Transcripts transcripts, ForeignIds foreign) {
    this.edge = edge;
    this.transcripts = transcripts;
    this.missing = new MissingIds(edge.intake(), foreign, GeneratedId.Kind.STORED_REQUEST);
  }

  /** Adds the routes. */
  public void mount(Router router) {
    String one = PATH + "/:id";
    String shown = PATH + "/{id}";
    edge.call(router.get(PATH), PATH, dialect, "list_stored_requests", 0, this::list);
    edge.call(router.delete(PATH), PATH, dialect, "erase_stored_requests", 0, this::erase);
    edge.call(router.get(one), shown, dialect, "get_stored_request", 0, this::get);
    edge.call(router.delete(one), shown, dialect, "delete_stored_request", 0, this::delete);
  }

  private Reply list(Call call) {
    int limit = Pages.limit(call);
    Optional<RequestId> after =
        Pages.parameter(call, "after")
            .map(id -> parsed(id).orElseThrow(() -> Fields.invalid("after", "is no request's id")));
    List<TranscriptEntry> entries =
        transcripts.list(call.identity().tenant().id(), after, limit + 1);
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("object", "list");
    ArrayNode data = body.putArray("data");
    entries.stream()
        .limit(limit)
        .forEach(e -> data.add(head(e.id(), e.createdEpochMs(), e.expiresEpochMs())));
    return new Reply.Body(body.put("has_more", entries.size() > limit));
  }

  private Reply get(Call call) {
    Transcript found =
        id(call)
            .flatMap(id -> transcripts.get(call.identity().tenant().id(), id))
            .orElseThrow(() -> unknown(call));
    ObjectNode body =
        head(found.id(), found.createdEpochMs(), found.expiresEpochMs())
            .put("model", found.model())
            .put("adapter", found.adapter())
            .put("outcome", found.outcome());
    ArrayNode input = body.putArray("input");
    for (ChatMessage message : found.input()) {
      ObjectNode entry = input.addObject();
      if (!message.role().isEmpty()) {
        entry.put("role", message.role());
      }
      entry.put("content", message.content());
    }
    body.put("answer", found.answer());
    body.putObject("usage")
        .put("prompt_tokens", found.promptTokens())
        .put("completion_tokens", found.outputTokens());
    return new Reply.Body(body);
  }

  private Reply delete(Call call) {
    RequestId id = id(call).orElseThrow(() -> unknown(call));
    if (!transcripts.delete(call.identity().tenant().id(), id)) {
      throw unknown(call);
    }
    done(call, "delete_stored_request");
    return new Reply.Body(
        JsonNodeFactory.instance
            .objectNode()
            .put("id", id.value())
            .put("object", "stored_request.deleted")
            .put("deleted", true));
  }

  private Reply erase(Call call) {
    transcripts.erase(call.identity().tenant().id());
    done(call, "erase_stored_requests");
    return new Reply.Body(
        JsonNodeFactory.instance
            .objectNode()
            .put("object", "stored_requests.deleted")
            .put("deleted", true));
  }

  private void done(Call call, String operation) {
    edge.intake().done(call.id(), call.identity(), call.sourceIp(), operation, "");
  }

  private static ObjectNode head(RequestId id, long createdEpochMs, long expiresEpochMs) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", id.value())
        .put("object", "stored_request")
        .put("created_at", createdEpochMs / 1_000)
        .put("expires_at", expiresEpochMs / 1_000);
  }

  private static Optional<RequestId> id(Call call) {
    return parsed(named(call));
  }

  private static String named(Call call) {
    return call.path().getOrDefault("id", "");
  }

  private static Optional<RequestId> parsed(String id) {
    return id.matches("[0-9a-f]{32}") ? Optional.of(new RequestId(id)) : Optional.empty();
  }

  private RefusedException unknown(Call call) {
    return missing.refusal(
        call,
        named(call),
        Refusal.of(ErrorCode.NOT_FOUND, "the request is not kept, or not any more"));
  }
}
