package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.dispatch.Dispatch;
import dev.cofferdam.gateway.dispatch.Dispatcher;
import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.identity.Authentication;
import dev.cofferdam.gateway.identity.Authenticator;
import dev.cofferdam.gateway.identity.Credentials;
import dev.cofferdam.gateway.identity.Identity;
import dev.cofferdam.gateway.ingress.Intake;
import dev.cofferdam.gateway.tenancy.AdapterEntry;
import dev.cofferdam.gateway.tenancy.ModelEntry;
import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantProfile;
import io.grpc.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.function.BiConsumer;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The routes of the REST edge: /v1/chat/completions and /v1/models. */
public final class OpenAiEdge {
  /** Bytes of a body at most. */
  public static final int BODY_BYTES_MAX = 4 << 20;

  /** Bodies that wait to be tokenised; the next one is refused. */
  private static final int WAITING_MAX = 256;

  private static final Logger LOG = LoggerFactory.getLogger(OpenAiEdge.class);
  private static final Duration BUSY = Duration.ofSeconds(1);
  private static final String BEARER = "Bearer ";

  private final Vertx vertx;
  private final Authenticator authenticator;
  private final Intake intake;
  private final Dispatcher dispatcher;
  private final Executor executor;
  private final Semaphore waiting = new Semaphore(WAITING_MAX);

  /**
   * @param executor where requests do their work, off the event loops
   */
  public OpenAiEdge(
      Vertx vertx,
      Authenticator authenticator,
      Intake intake,
      Dispatcher dispatcher,
      Executor executor) {
    this.vertx = vertx;
    this.authenticator = authenticator;
    this.intake = intake;
    this.dispatcher = dispatcher;
    this.executor = executor;
  }

  /** Adds the routes. */
  public void mount(Router router) {
    router.post("/v1/chat/completions").handler(c -> serve(c, "/v1/chat/completions", this::chat));
    router.get("/v1/models").handler(c -> serve(c, "/v1/models", (r, caller) -> models(caller)));
    router
        .get("/v1/models/:id")
        .handler(
            c ->
                serve(
                    c,
                    "/v1/models/{id}",
                    (r, caller) -> model(caller, String.valueOf(c.pathParam("id")))));
    router.route("/v1/*").handler(this::unknown);
  }

  /** Who asks, and where the answer goes. */
  private record Caller(HttpExchange exchange, Identity identity) {}

  private void serve(
      RoutingContext routing, String route, BiConsumer<HttpServerRequest, Caller> handler) {
    HttpExchange exchange = new HttpExchange(vertx, routing.request(), route);
    try {
      switch (authenticator.authenticate(
          exchange.id(), credentials(routing.request(), exchange.sourceIp()))) {
        case Authentication.Rejected rejected ->
            exchange.refuse(rejected.refusal(), Optional.empty());
        case Authentication.Accepted accepted ->
            handler.accept(routing.request(), new Caller(exchange, accepted.identity()));
      }
    } catch (RuntimeException e) {
      exchange.refuse(refusal(e), Optional.empty());
    }
  }

  private void unknown(RoutingContext routing) {
    new HttpExchange(vertx, routing.request(), "/v1/*")
        .refuse(
            Refusal.of(ErrorCode.NOT_FOUND, "no such path, or not with this method"),
            Optional.empty());
  }

  private static Credentials credentials(HttpServerRequest request, String sourceIp) {
    String authorization = request.getHeader("authorization");
    boolean bearer =
        authorization != null && authorization.regionMatches(true, 0, BEARER, 0, BEARER.length());
    return new Credentials(
        bearer ? Optional.of(authorization.substring(BEARER.length()).strip()) : Optional.empty(),
        certificate(request),
        Optional.ofNullable(request.getHeader("x-tenant-id")),
        sourceIp);
  }

  private static Optional<SpiffeId> certificate(HttpServerRequest request) {
    if (request.sslSession() == null) {
      return Optional.empty();
    }
    try {
      Certificate leaf = request.sslSession().getPeerCertificates()[0];
      return leaf instanceof X509Certificate x509
          ? dev.cofferdam.mesh.Caller.spiffeId(x509)
          : Optional.empty();
    } catch (SSLPeerUnverifiedException e) {
      return Optional.empty();
    }
  }

  private void chat(HttpServerRequest request, Caller caller) {
    String length = request.getHeader("content-length");
    if (length != null && length.length() < 19 && Long.parseLong(length) > BODY_BYTES_MAX) {
      tooLarge(request, caller);
      return;
    }
    Buffer body = Buffer.buffer();
    boolean[] refused = {false};
    request.handler(
        part -> {
          if (body.length() + part.length() <= BODY_BYTES_MAX) {
            body.appendBuffer(part);
          } else if (!refused[0]) {
            refused[0] = true;
            tooLarge(request, caller);
          }
        });
    request.endHandler(
        unused -> {
          if (!refused[0]) {
            queue(body.getBytes(), caller);
          }
        });
    request.resume();
  }

  private void queue(byte[] body, Caller caller) {
    if (!waiting.tryAcquire()) {
      Refusal refusal =
          Refusal.of(ErrorCode.NO_CAPACITY, "the gateway is busy").withRetryAfter(BUSY);
      refused(caller, refusal);
      caller.exchange().refuse(refusal, Optional.empty());
      return;
    }
    executor.execute(
        () -> {
          try {
            begin(body, caller);
          } finally {
            waiting.release();
          }
        });
  }

  private void refused(Caller caller, Refusal refusal) {
    HttpExchange exchange = caller.exchange();
    intake.refused(exchange.id(), caller.identity(), exchange.sourceIp(), "generate", refusal);
  }

  /** What is still to come of the body is read and dropped, so that the client sees the answer. */
  private void tooLarge(HttpServerRequest request, Caller caller) {
    Refusal refusal =
        Refusal.of(
            ErrorCode.REQUEST_TOO_LARGE, "the body is larger than " + BODY_BYTES_MAX + " bytes");
    refused(caller, refusal);
    caller.exchange().refuse(refusal, Optional.empty());
    request.handler(unused -> {});
    request.resume();
  }

  private void begin(byte[] body, Caller caller) {
    HttpExchange exchange = caller.exchange();
    try {
      ChatRequest request = read(body, caller);
      Generation generation =
          intake.accept(exchange.id(), caller.identity(), exchange.sourceIp(), request.asked());
      ChatAnswer answer =
          new ChatAnswer(
              exchange.id(),
              request.model().isEmpty() ? generation.model().id() : request.model(),
              dispatcher.clock().millis() / 1000,
              generation.format().tokenizer(),
              request.includeUsage());
      Choices choices =
          request.stream()
              ? new ChatStream(exchange, request, answer)
              : new ChatWhole(exchange, request, answer);
      TenantProfile tenant = caller.identity().tenant();
      Context context =
          Tracing.with(
              Tracing.tagged(
                  exchange.trace(),
                  tenant.id().value(),
                  tenant.tier().label(),
                  exchange.id().value()));
      List<Dispatch> dispatches = new ArrayList<>();
      for (int i = 0; i < request.choices(); i++) {
        Generation one =
            i == 0
                ? generation
                : generation.another(RequestId.random(), generation.sampling().seed() + i);
        dispatches.add(
            dispatcher.start(one, choices.client(i), context.fixedContextExecutor(executor)));
      }
      exchange.listen(
          () -> dispatches.forEach(Dispatch::writable), () -> dispatches.forEach(Dispatch::cancel));
    } catch (RuntimeException e) {
      Refusal refusal = refusal(e);
      exchange.onLoop(() -> exchange.refuse(refusal, Optional.empty()));
    }
  }

  private ChatRequest read(byte[] body, Caller caller) {
    try {
      return ChatRequestReader.read(body);
    } catch (RefusedException e) {
      refused(caller, e.refusal());
      throw e;
    }
  }

  private void models(Caller caller) {
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("object", "list");
    ArrayNode data = body.putArray("data");
    offered(caller.identity().tenant()).values().forEach(data::add);
    caller.exchange().answer(200, body, Map.of());
  }

  private void model(Caller caller, String id) {
    ObjectNode found = offered(caller.identity().tenant()).get(id);
    if (found == null) {
      caller
          .exchange()
          .refuse(
              Refusal.ofParameter(
                  ErrorCode.MODEL_NOT_FOUND, "model", "the model does not exist or is not yours"),
              Optional.empty());
    } else {
      caller.exchange().answer(200, found, Map.of());
    }
  }

  private Map<String, ObjectNode> offered(TenantProfile tenant) {
    Map<String, ObjectNode> offered = new LinkedHashMap<>();
    for (ModelEntry model : intake.offers().models(tenant)) {
      offered.put(model.id(), entry(model.id(), model, "cofferdam"));
      for (AdapterEntry adapter : intake.offers().adapters(tenant, model)) {
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

  private static Refusal refusal(RuntimeException failure) {
    if (failure instanceof RefusedException refused) {
      return refused.refusal();
    }
    StackTraceElement[] trace = failure.getStackTrace();
    LOG.error(
        "a request failed: {} at {}",
        failure.getClass().getName(),
        trace.length == 0 ? "-" : trace[0]);
    return Refusal.of(ErrorCode.INTERNAL, "internal error");
  }
}
