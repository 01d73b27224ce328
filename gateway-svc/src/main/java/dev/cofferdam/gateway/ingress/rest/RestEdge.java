package dev.cofferdam.gateway.ingress.rest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.connection.Claim;
import dev.cofferdam.gateway.connection.TenantConnections;
import dev.cofferdam.gateway.dispatch.Dispatch;
import dev.cofferdam.gateway.dispatch.Dispatcher;
import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.Threads;
import dev.cofferdam.gateway.dispatch.Together;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.identity.Authentication;
import dev.cofferdam.gateway.identity.Authenticator;
import dev.cofferdam.gateway.identity.Identity;
import dev.cofferdam.gateway.identity.ShownCredentials;
import dev.cofferdam.gateway.ingress.BodyMemory;
import dev.cofferdam.gateway.ingress.Intake;
import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.mesh.Tracing;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantProfile;
import io.grpc.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What every endpoint of the REST APIs goes through: identity before a byte of the body, bounded
 * bodies, long work off the event loops, and answers in the endpoint's dialect whatever happens.
 */
public final class RestEdge {
  /** Bytes of a body at most. */
  public static final int BODY_BYTES_MAX = 4 << 20;

  private static final Logger LOG = LoggerFactory.getLogger(RestEdge.class);

  private static final Refusal PACKED =
      Refusal.ofParameter(
          ErrorCode.INVALID_REQUEST, "content-encoding", "content-encoding must be identity");

  private final Vertx vertx;
  private final Authenticator authenticator;
  private final Intake intake;
  private final Dispatcher dispatcher;
  private final WholeRun runs;
  private final Executor executor;
  private final RestSettings settings;
  private final Connections connections;
  private final BodyMemory bodies;

  /**
   * @param executor where requests do what takes long, off the event loops
   * @param bodies room for what is still to be read
   */
  public RestEdge(
      Vertx vertx,
      Authenticator authenticator,
      Intake intake,
      Dispatcher dispatcher,
      Executor executor,
      RestSettings settings,
      TenantConnections connections,
      BodyMemory bodies) {
    this.vertx = vertx;
    this.authenticator = authenticator;
    this.intake = intake;
    this.dispatcher = dispatcher;
    this.runs = new WholeRun(intake, dispatcher);
    this.executor = executor;
    this.settings = settings;
    this.connections = new Connections(vertx, settings, connections);
    this.bodies = bodies;
  }

  Vertx vertx() {
    return vertx;
  }

  RestSettings settings() {
    return settings;
  }

  Connections connections() {
    return connections;
  }

  /** Checks of requests. */
  public Intake intake() {
    return intake;
  }

  /** Who asks, where the answer goes, and what the body takes until it is read. */
  private record Caller(HttpExchange exchange, Identity identity, BodyMemory.Share body) {}

  /** An endpoint that answers from memory what needs no body; empty is not found. */
  public void lookUp(
      Route route,
      String name,
      Dialect dialect,
      BiFunction<TenantProfile, RoutingContext, JsonNode> answer) {
    route.handler(
        routing ->
            serve(
                routing,
                name,
                dialect,
                caller ->
                    caller
                        .exchange()
                        .answer(200, answer.apply(caller.identity().tenant(), routing), Map.of())));
  }

  /** An endpoint that answers a body at once. */
  public void compute(
      Route route, String name, Dialect dialect, BiFunction<Identity, JsonNode, JsonNode> answer) {
    body(
        route,
        name,
        dialect,
        queued(
            (body, caller) -> {
              JsonNode done = answer.apply(caller.identity(), StrictJson.object(body));
              caller.exchange().onLoop(() -> caller.exchange().answer(200, done, Map.of()));
            }));
  }

  /**
   * An endpoint that answers from a store, off the event loops. What it refuses leaves an audit
   * fact.
   *
   * @param operation its name in the audit log
   * @param bodyBytesMax bytes of a body at most; 0: it takes none
   */
  public void call(
      Route route,
      String name,
      Dialect dialect,
      String operation,
      int bodyBytesMax,
      Function<Call, Reply> answer) {
    route.handler(
        routing ->
            serve(
                routing,
                name,
                dialect,
                caller -> {
                  BiConsumer<byte[], Caller> handler =
                      (body, who) -> reply(call(routing, body, who), who, operation, answer);
                  if (bodyBytesMax == 0) {
                    queue(() -> handler.accept(new byte[0], caller), caller);
                  } else {
                    receive(routing.request(), caller, bodyBytesMax, queued(handler));
                  }
                }));
  }

  private static Call call(RoutingContext routing, byte[] body, Caller caller) {
    Map<String, String> query = new HashMap<>();
    routing
        .queryParams()
        .forEach(parameter -> query.putIfAbsent(parameter.getKey(), parameter.getValue()));
    String contentType = routing.request().getHeader("content-type");
    return new Call(
        caller.exchange().id(),
        caller.identity(),
        caller.exchange().sourceIp(),
        routing.pathParams(),
        query,
        contentType == null ? "" : contentType,
        body);
  }

  private void reply(Call call, Caller caller, String operation, Function<Call, Reply> answer) {
    HttpExchange exchange = caller.exchange();
    try {
      switch (answer.apply(call)) {
        case Reply.Body body -> exchange.onLoop(() -> exchange.answer(200, body.json(), Map.of()));
        case Reply.Text text -> new TextReply(exchange, text, executor).start();
      }
    } catch (RefusedException e) {
      intake.refused(call.id(), call.identity(), call.sourceIp(), operation, e.refusal());
      throw e;
    }
  }

  /** An endpoint that generates. */
  public void generate(
      Route route, String name, Dialect dialect, Function<JsonNode, Query> reader) {
    body(
        route,
        name,
        dialect,
        (body, caller) -> {
          if (body.length > Intake.SHORT_BYTES_MAX) {
            queue(() -> begin(read(body, caller, reader), caller), caller);
          } else {
            guarded(() -> beginShort(read(body, caller, reader), caller), caller);
          }
        });
  }

  private void beginShort(Query query, Caller caller) {
    TenantProfile tenant = caller.identity().tenant();
    if (query.inputs().stream().allMatch(asked -> intake.isShort(tenant, asked))) {
      begin(query, caller);
    } else {
      queue(() -> begin(query, caller), caller);
    }
  }

  private void guarded(Runnable work, Caller caller) {
    try {
      work.run();
    } catch (RuntimeException | StackOverflowError e) {
      Refusal refusal = refusal(e);
      caller.exchange().onLoop(() -> caller.exchange().refuse(refusal, Optional.empty()));
    }
  }

  private BiConsumer<byte[], Caller> queued(BiConsumer<byte[], Caller> handler) {
    return (body, caller) -> queue(() -> handler.accept(body, caller), caller);
  }

  /** Whatever no other route takes. */
  public void unknown(Route route, String name, Dialect dialect) {
    route.handler(
        routing ->
            new HttpExchange(vertx, routing.request(), name, dialect)
                .refuse(
                    Refusal.of(ErrorCode.NOT_FOUND, "no such path, or not with this method"),
                    Optional.empty()));
  }

  private void body(Route route, String name, Dialect dialect, BiConsumer<byte[], Caller> handler) {
    route.handler(
        routing ->
            serve(
                routing,
                name,
                dialect,
                caller -> receive(routing.request(), caller, BODY_BYTES_MAX, handler)));
  }

  private void serve(
      RoutingContext routing, String name, Dialect dialect, Consumer<Caller> handler) {
    HttpServerRequest request = routing.request();
    HttpExchange exchange = new HttpExchange(vertx, request, name, dialect);
    try {
      ShownCredentials shown = RestCredentials.of(request, exchange.sourceIp());
      switch (authenticator.authenticate(exchange.id(), shown.credentials())) {
        case Authentication.Rejected rejected ->
            exchange.refuse(rejected.refusal(), Optional.empty());
        case Authentication.Accepted accepted -> {
          Identity identity = accepted.identity();
          Caller caller = new Caller(exchange, identity, bodies.share(identity.tenant().id()));
          if (shown.disagree()) {
            Refusal differ = ShownCredentials.DISAGREE;
            intake.crossed(
                exchange.id(), caller.identity(), exchange.sourceIp(), differ, differ.message());
            exchange.refuse(differ, Optional.empty());
          } else {
            admit(request, caller, handler);
          }
        }
      }
    } catch (RuntimeException e) {
      exchange.refuse(refusal(e), Optional.empty());
    }
  }

  /** Serves a request on a connection that its tenant may have. */
  private void admit(HttpServerRequest request, Caller caller, Consumer<Caller> handler) {
    switch (connections.claim(request, caller.identity().tenant())) {
      case Claim.Held held -> {
        caller.exchange().pace(held.pace());
        handler.accept(caller);
      }
      // What is still to come is read and dropped, so that the client sees the answer.
      case Claim.Refused refused -> {
        request.handler(unused -> {});
        request.endHandler(unused -> refuse(caller, refused.refusal(), "connect"));
        request.resume();
      }
    }
  }

  private void receive(
      HttpServerRequest request, Caller caller, int bytesMax, BiConsumer<byte[], Caller> handler) {
    String encoding = request.getHeader("content-encoding");
    if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
      refuse(caller, PACKED, "generate");
      return;
    }
    String length = request.getHeader("content-length");
    if (length != null && length.length() < 19 && Long.parseLong(length) > bytesMax) {
      tooLarge(request, caller, bytesMax);
      return;
    }
    Buffer body = Buffer.buffer();
    boolean[] over = {false};
    request.handler(
        part -> {
          int bytes = body.length() + part.length();
          if (over[0]) {
            return;
          }
          if (bytes > bytesMax) {
            over[0] = true;
            tooLarge(request, caller, bytesMax);
          } else if (bytes > Intake.SHORT_BYTES_MAX && !caller.body().grow(bytes)) {
            over[0] = true;
            refuseUnread(request, caller, Intake.BUSY);
          } else {
            body.appendBuffer(part);
          }
        });
    Runnable unread =
        () -> {
          if (!over[0]) {
            over[0] = true;
            caller.body().close();
          }
        };
    request.exceptionHandler(lost -> unread.run());
    request.response().bodyEndHandler(late -> unread.run());
    request.endHandler(
        unused -> {
          if (!over[0]) {
            over[0] = true;
            handler.accept(body.getBytes(), caller);
          }
        });
    request.resume();
  }

  private void queue(Runnable work, Caller caller) {
    if (!caller.body().grow(0)) {
      refuse(caller, Intake.BUSY, "generate");
      return;
    }
    try {
      executor.execute(
          () -> {
            try {
              guarded(work, caller);
            } finally {
              caller.body().close();
            }
          });
    } catch (RejectedExecutionException full) {
      refuse(caller, Intake.BUSY, "generate");
    }
  }

  /** Refuses on the event loop, and leaves an audit fact. */
  private void refuse(Caller caller, Refusal refusal, String operation) {
    HttpExchange exchange = caller.exchange();
    caller.body().close();
    intake.refused(exchange.id(), caller.identity(), exchange.sourceIp(), operation, refusal);
    exchange.refuse(refusal, Optional.empty());
  }

  private void tooLarge(HttpServerRequest request, Caller caller, int bytesMax) {
    String message = "the body is larger than " + bytesMax + " bytes";
    refuseUnread(request, caller, Refusal.of(ErrorCode.REQUEST_TOO_LARGE, message));
  }

  /** What is still to come of the body is read and dropped, so that the client sees the answer. */
  private void refuseUnread(HttpServerRequest request, Caller caller, Refusal refusal) {
    refuse(caller, refusal, "generate");
    request.handler(unused -> {});
    request.resume();
  }

  private Query read(byte[] body, Caller caller, Function<JsonNode, Query> reader) {
    try {
      return reader.apply(StrictJson.object(body));
    } catch (RefusedException e) {
      HttpExchange exchange = caller.exchange();
      intake.refused(
          exchange.id(), caller.identity(), exchange.sourceIp(), "generate", e.refusal());
      throw e;
    }
  }

  private void begin(Query query, Caller caller) {
    if (query.operation() == Operation.EMBED) {
      embed(query, caller);
      return;
    }
    HttpExchange exchange = caller.exchange();
    List<Generation> inputs =
        intake.accept(
            query.operation(),
            exchange.id(),
            caller.identity(),
            exchange.sourceIp(),
            query.inputs());
    long epochS = dispatcher.clock().millis() / 1000;
    Writer writer = query.writer(new Query.Begun(exchange.id(), epochS, inputs));
    Answer answer =
        query.stream()
            ? new StreamedAnswer(exchange, query, writer, heartbeatMs(caller))
            : new WholeAnswer(exchange, query, writer);
    List<Dispatch> dispatches = start(inputs, query.choices(), answer, caller);
    exchange.listen(
        () -> dispatches.forEach(Dispatch::writable), () -> dispatches.forEach(Dispatch::cancel));
  }

  /** Embeddings come whole, and are one request for the limits. */
  private void embed(Query query, Caller caller) {
    HttpExchange exchange = caller.exchange();
    WholeRun.Listener listener =
        new WholeRun.Listener() {
          @Override
          public void answered(JsonNode body, Optional<LimitState> limits) {
            Map<String, String> headers = limits.map(exchange.dialect()::limits).orElse(Map.of());
            exchange.onLoop(() -> exchange.answer(200, body, headers));
          }

          @Override
          public void failed(Told.Failed failed) {
            exchange.onLoop(() -> exchange.refuse(failed.refusal(), failed.limits()));
          }
        };
    WholeRun.Asker asker =
        new WholeRun.Asker(exchange.id(), caller.identity(), exchange.sourceIp());
    Together together = runs.start(query, asker, asked -> asked, inTrace(caller), listener);
    exchange.listen(() -> {}, together::cancel);
  }

  /** A stream's comments are also its keepalive. */
  private long heartbeatMs(Caller caller) {
    int keepaliveS = caller.identity().tenant().limits().connections().keepaliveSeconds();
    return Math.min(settings.heartbeatMs(), TimeUnit.SECONDS.toMillis(keepaliveS));
  }

  /** Where a request's work runs, with its trace. */
  private Threads inTrace(Caller caller) {
    HttpExchange exchange = caller.exchange();
    TenantProfile tenant = caller.identity().tenant();
    Context context =
        Tracing.with(
            Tracing.tagged(
                exchange.trace(),
                tenant.id().value(),
                tenant.tier().label(),
                exchange.id().value()));
    return new Threads(
        context.fixedContextExecutor(Runnable::run),
        context.fixedContextExecutor(dispatcher.disk()));
  }

  private List<Dispatch> start(List<Generation> inputs, int choices, Answer answer, Caller caller) {
    Threads traced = inTrace(caller);
    List<Dispatch> dispatches = new ArrayList<>();
    for (Generation one : WholeRun.choices(inputs, choices)) {
      dispatches.add(dispatcher.start(one, answer.client(dispatches.size()), traced));
    }
    return dispatches;
  }

  /** What a failure is for a client. */
  static Refusal refusal(Throwable failure) {
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
