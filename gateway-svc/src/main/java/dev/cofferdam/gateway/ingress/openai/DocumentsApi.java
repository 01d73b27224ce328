package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.ingress.Checks;
import dev.cofferdam.gateway.ingress.rest.Call;
import dev.cofferdam.gateway.ingress.rest.Dialect;
import dev.cofferdam.gateway.ingress.rest.Fields;
import dev.cofferdam.gateway.ingress.rest.KnownFields;
import dev.cofferdam.gateway.ingress.rest.Reply;
import dev.cofferdam.gateway.ingress.rest.RestEdge;
import dev.cofferdam.gateway.ingress.rest.StrictJson;
import dev.cofferdam.gateway.retrieval.Document;
import dev.cofferdam.gateway.retrieval.DocumentEntry;
import dev.cofferdam.gateway.retrieval.DocumentNames;
import dev.cofferdam.gateway.retrieval.Documents;
import dev.cofferdam.gateway.storage.ForeignIds;
import dev.cofferdam.gateway.storage.GeneratedId;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.RequestId;
import io.vertx.ext.web.Router;
import java.util.List;
import java.util.Optional;

/** A tenant's documents, in the manner of OpenAI's API: /v1/documents. */
public final class DocumentsApi {
  private static final String PATH = "/v1/documents";
  private static final int TITLE_CHARS_MAX = 256;
  private static final KnownFields FIELDS = KnownFields.only("id", "collection", "title", "text");

  private final RestEdge edge;
  private final Documents documents;
  private final MissingIds missing;
  private final Dialect dialect = new OpenAiDialect();

  public DocumentsApi(RestEdge edge, Documents documents, ForeignIds foreign) {
    this.edge = edge;
    this.documents = documents;
    this.missing = new MissingIds(edge.intake(), foreign, GeneratedId.Kind.DOCUMENT);
  }

  /** Adds the routes. */
  public void mount(Router router) {
    String one = PATH + "/:id";
    edge.call(router.post(PATH), PATH, dialect, "put_document", RestEdge.BODY_BYTES_MAX, this::put);
    edge.call(router.get(PATH), PATH, dialect, "list_documents", 0, this::list);
    edge.call(router.get(one), PATH + "/{id}", dialect, "get_document", 0, this::get);
    edge.call(router.delete(one), PATH + "/{id}", dialect, "delete_document", 0, this::delete);
  }

  private Reply put(Call call) {
    JsonNode body = StrictJson.object(call.body());
    FIELDS.check(body, "");
    String id = name(body, "id", "doc-" + RequestId.random().value());
    String collection = name(body, "collection", DocumentNames.DEFAULT_COLLECTION);
    String title = stored(body, "title");
    String text = stored(body, "text");
    if (title.length() > TITLE_CHARS_MAX) {
      throw Fields.invalid(
          "title", "is too long (expected: at most " + TITLE_CHARS_MAX + " characters)");
    }
    if (text.isBlank()) {
      throw Fields.invalid("text", "is empty");
    }
    edge.intake().allow(call.identity().tenant(), List.of(title, text), "text");
    DocumentEntry entry =
        documents.put(
            call.identity().tenant().id(),
            new Document(id, collection, title, text),
            call.identity().tenant().documents());
    done(call, "put_document");
    return new Reply.Body(node(entry));
  }

  private Reply get(Call call) {
    Documents.Found found =
        documents.get(call.identity().tenant().id(), id(call)).orElseThrow(() -> unknown(call));
    return new Reply.Body(node(found.entry()).put("text", found.text()));
  }

  private Reply list(Call call) {
    int limit = Pages.limit(call);
    Optional<String> collection = Pages.parameter(call, "collection");
    String after = Pages.parameter(call, "after").orElse("");
    List<DocumentEntry> entries =
        documents.list(call.identity().tenant().id(), collection, after, limit + 1);
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("object", "list");
    ArrayNode data = body.putArray("data");
    entries.stream().limit(limit).forEach(entry -> data.add(node(entry)));
    return new Reply.Body(body.put("has_more", entries.size() > limit));
  }

  private Reply delete(Call call) {
    String id = id(call);
    if (!documents.delete(call.identity().tenant().id(), id)) {
      throw unknown(call);
    }
    done(call, "delete_document");
    return new Reply.Body(
        JsonNodeFactory.instance
            .objectNode()
            .put("id", id)
            .put("object", "document.deleted")
            .put("deleted", true));
  }

  private void done(Call call, String operation) {
    edge.intake().done(call.id(), call.identity(), call.sourceIp(), operation, "");
  }

  private static ObjectNode node(DocumentEntry entry) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", entry.id())
        .put("object", "document")
        .put("collection", entry.collection())
        .put("title", entry.title())
        .put("bytes", entry.bytes())
        .put("passages", entry.passages())
        .put("created_at", entry.changedEpochS());
  }

  private static String name(JsonNode body, String field, String unset) {
    String name = Fields.text(body, field, field);
    if (name.isEmpty()) {
      return unset;
    }
    if (!DocumentNames.isValid(name)) {
      throw Fields.invalid(
          field, "has not the form of a name (expected: [A-Za-z0-9][A-Za-z0-9._-]{0,127})");
    }
    return name;
  }

  /** What the store can hold: Unicode without zero characters. */
  private static String stored(JsonNode body, String field) {
    String text = Fields.text(body, field, field);
    Checks.unicode(text, field);
    if (text.indexOf('\0') >= 0) {
      throw Fields.invalid(field, "holds a zero character");
    }
    return text;
  }

  private String id(Call call) {
    String id = named(call);
    if (!DocumentNames.isValid(id)) {
      throw unknown(call);
    }
    return id;
  }

  private static String named(Call call) {
    return call.path().getOrDefault("id", "");
  }

  private RefusedException unknown(Call call) {
    return missing.refusal(
        call, named(call), Refusal.of(ErrorCode.NOT_FOUND, "the document does not exist"));
  }
}
