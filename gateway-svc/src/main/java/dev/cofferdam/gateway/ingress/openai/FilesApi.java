package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.batch.BatchSettings;
import dev.cofferdam.gateway.batch.BatchStore;
import dev.cofferdam.gateway.batch.StoredFile;
import dev.cofferdam.gateway.ingress.Intake;
import dev.cofferdam.gateway.ingress.rest.Call;
import dev.cofferdam.gateway.ingress.rest.Dialect;
import dev.cofferdam.gateway.ingress.rest.Fields;
import dev.cofferdam.gateway.ingress.rest.Multipart;
import dev.cofferdam.gateway.ingress.rest.Reply;
import dev.cofferdam.gateway.ingress.rest.RestEdge;
import dev.cofferdam.gateway.storage.ForeignIds;
import dev.cofferdam.gateway.storage.GeneratedId;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import io.vertx.ext.web.Router;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** OpenAI's files, those of batch jobs and no others: they hold lines of JSON. */
final class FilesApi {
  private static final int LISTED_MAX = 10_000;
  private static final int PART_CHARACTERS = 128 << 10;
  private static final int PARTS_AT_ONCE = 8;

  /** What a form needs beside its file. */
  private static final int FORM_BYTES = 64 << 10;

  private final RestEdge edge;
  private final Intake intake;
  private final BatchStore store;
  private final BatchSettings settings;
  private final InstantSource clock;
  private final MissingIds missing;

  FilesApi(
      RestEdge edge,
      BatchStore store,
      BatchSettings settings,
      ForeignIds foreign,
      InstantSource clock) {
    this.edge = edge;
    this.intake = edge.intake();
    this.store = store;
    this.settings = settings;
    this.clock = clock;
    this.missing = new MissingIds(intake, foreign, GeneratedId.Kind.FILE);
  }

  void mount(Router router, Dialect dialect) {
    int bodyMax = settings.fileBytesMax() + FORM_BYTES;
    edge.call(router.post("/v1/files"), "/v1/files", dialect, "file.create", bodyMax, this::create);
    edge.call(router.get("/v1/files"), "/v1/files", dialect, "file.list", 0, this::list);
    edge.call(
        router.get("/v1/files/:id"), "/v1/files/{id}", dialect, "file.get", 0, this::describe);
    edge.call(
        router.delete("/v1/files/:id"), "/v1/files/{id}", dialect, "file.delete", 0, this::delete);
    edge.call(
        router.get("/v1/files/:id/content"),
        "/v1/files/{id}/content",
        dialect,
        "file.read",
        0,
        this::content);
  }

  private Reply create(Call call) {
    Map<String, Multipart.Field> form = Multipart.read(call.contentType(), call.body());
    for (String name : form.keySet()) {
      if (!Set.of("file", "purpose").contains(name)) {
        throw Fields.unsupported("a field", "of the form is not supported");
      }
    }
    if (!form.getOrDefault("purpose", new Multipart.Field("", "")).content().equals("batch")) {
      throw Fields.invalid("purpose", "is missing or not supported (expected: batch)");
    }
    Multipart.Field file =
        Optional.ofNullable(form.get("file"))
            .orElseThrow(() -> Fields.invalid("file", "is missing"));
    int bytes = file.content().getBytes(StandardCharsets.UTF_8).length;
    if (bytes == 0) {
      throw Fields.invalid("file", "is empty");
    }
    if (bytes > settings.fileBytesMax()) {
      throw Refusal.ofParameter(
              ErrorCode.REQUEST_TOO_LARGE,
              "file",
              "the file is larger than " + settings.fileBytesMax() + " bytes")
          .asException();
    }
    TenantId tenant = call.identity().tenant().id();
    checkRoom(tenant, bytes);
    long now = clock.millis();
    StoredFile kept =
        new StoredFile(
            "file-" + RequestId.random().value(),
            false,
            file.filename(),
            bytes,
            now,
            now + settings.retention().toMillis());
    store.put(tenant, kept, parts(file.content()));
    done(call, "file.create", kept.id());
    return new Reply.Body(json(kept));
  }

  private void checkRoom(TenantId tenant, long bytes) {
    BatchStore.Usage has = store.usage(tenant);
    if (has.files() >= settings.filesMax() || has.bytes() + bytes > settings.bytesMax()) {
      throw Refusal.ofParameter(
              ErrorCode.FAILED_PRECONDITION,
              "file",
              "the tenant has as many files as it may have (at most "
                  + settings.filesMax()
                  + " of "
                  + settings.bytesMax()
                  + " bytes together)")
          .asException();
    }
  }

  /** The text in pieces that can be kept one by one; no character is cut. */
  private static List<String> parts(String text) {
    List<String> parts = new ArrayList<>();
    for (int from = 0; from < text.length(); ) {
      int to = Math.min(text.length(), from + PART_CHARACTERS);
      if (Character.isHighSurrogate(text.charAt(to - 1))) {
        to++;
      }
      parts.add(text.substring(from, to));
      from = to;
    }
    return parts;
  }

  private Reply list(Call call) {
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("object", "list");
    ArrayNode data = body.putArray("data");
    String purpose = call.query().getOrDefault("purpose", "");
    store.files(call.identity().tenant().id(), LISTED_MAX).stream()
        .filter(file -> purpose.isEmpty() || purpose.equals(purpose(file)))
        .forEach(file -> data.add(json(file)));
    return new Reply.Body(body.put("has_more", false));
  }

  private Reply describe(Call call) {
    return new Reply.Body(json(found(call)));
  }

  private Reply delete(Call call) {
    StoredFile file = found(call);
    if (!store.delete(call.identity().tenant().id(), file.id())) {
      throw Refusal.ofParameter(
              ErrorCode.FAILED_PRECONDITION, "file_id", "a batch that has not ended needs the file")
          .asException();
    }
    done(call, "file.delete", file.id());
    return new Reply.Body(
        JsonNodeFactory.instance
            .objectNode()
            .put("id", file.id())
            .put("object", "file")
            .put("deleted", true));
  }

  private Reply content(Call call) {
    StoredFile file = found(call);
    done(call, "file.read", file.id());
    return new Reply.Text("application/jsonl", pages(call.identity().tenant().id(), file.id()));
  }

  private Supplier<List<String>> pages(TenantId tenant, String file) {
    int[] after = {-1};
    return () -> {
      List<BatchStore.Part> parts = store.parts(tenant, file, after[0], PARTS_AT_ONCE);
      parts.forEach(part -> after[0] = part.number());
      return parts.stream().map(BatchStore.Part::text).toList();
    };
  }

  private StoredFile found(Call call) {
    String id = call.path().getOrDefault("id", "");
    return named(call, id, "file_id");
  }

  /** The tenant's file of an id, which the call has in a parameter. */
  StoredFile named(Call call, String id, String parameter) {
    return store
        .file(call.identity().tenant().id(), id)
        .orElseThrow(
            () ->
                missing.refusal(
                    call,
                    id,
                    Refusal.ofParameter(
                        ErrorCode.NOT_FOUND,
                        parameter,
                        "the file does not exist or is not yours")));
  }

  private void done(Call call, String operation, String detail) {
    intake.done(call.id(), call.identity(), call.sourceIp(), operation, detail);
  }

  private static String purpose(StoredFile file) {
    return file.output() ? "batch_output" : "batch";
  }

  private static ObjectNode json(StoredFile file) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", file.id())
        .put("object", "file")
        .put("bytes", file.bytes())
        .put("created_at", file.createdMs() / 1000)
        .put("expires_at", file.expiresMs() / 1000)
        .put("filename", file.name())
        .put("purpose", purpose(file))
        .put("status", "processed");
  }
}
