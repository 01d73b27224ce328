package dev.cofferdam.mesh;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingClientCall;
import io.grpc.ForwardingClientCallListener;
import io.grpc.ForwardingServerCall;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.baggage.Baggage;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.opentelemetry.context.propagation.TextMapSetter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One trace through every hop (W3C trace context), with tenant, tier and request on each span.
 * Inside the mesh these three travel as W3C baggage; what a client sends of either is ignored, so
 * that nobody can write into another's trace or wear another's name.
 *
 * <p>The OpenTelemetry context of a call is bound to its gRPC {@link Context}: {@link #context()}.
 */
public final class Tracing {
  /** Attribute of the tenant on every span. */
  public static final AttributeKey<String> TENANT = AttributeKey.stringKey("cofferdam.tenant");

  /** Attribute of the tier on every span. */
  public static final AttributeKey<String> TIER = AttributeKey.stringKey("cofferdam.tier");

  /** Attribute of the request on every span. */
  public static final AttributeKey<String> REQUEST = AttributeKey.stringKey("cofferdam.request.id");

  private static final List<AttributeKey<String>> TAGS = List.of(TENANT, TIER, REQUEST);
  private static final Context.Key<io.opentelemetry.context.Context> CONTEXT =
      Context.key("cofferdam-otel");
  private static final AttributeKey<String> SYSTEM = AttributeKey.stringKey("rpc.system");
  private static final AttributeKey<String> SERVICE = AttributeKey.stringKey("rpc.service");
  private static final AttributeKey<String> METHOD = AttributeKey.stringKey("rpc.method");
  private static final AttributeKey<Long> CODE = AttributeKey.longKey("rpc.grpc.status_code");

  private Tracing() {}

  /** The tracer of the mesh. */
  public static Tracer tracer() {
    return GlobalOpenTelemetry.getTracer("dev.cofferdam.mesh");
  }

  /** The context of the call that is being served, or the thread's. */
  public static io.opentelemetry.context.Context context() {
    io.opentelemetry.context.Context bound = CONTEXT.get();
    return bound == null ? io.opentelemetry.context.Context.current() : bound;
  }

  /**
   * The current gRPC context with another OpenTelemetry context bound to it; client calls made in
   * it are its children.
   */
  public static Context with(io.opentelemetry.context.Context context) {
    return Context.current().withValue(CONTEXT, context);
  }

  /**
   * A context whose span, and every span below it on any service, carries tenant, tier and request.
   */
  public static io.opentelemetry.context.Context tagged(
      io.opentelemetry.context.Context context, String tenant, String tier, String request) {
    Baggage baggage =
        Baggage.fromContext(context).toBuilder()
            .put(TENANT.getKey(), tenant)
            .put(TIER.getKey(), tier)
            .put(REQUEST.getKey(), request)
            .build();
    io.opentelemetry.context.Context result = context.with(baggage);
    tag(Span.fromContext(context), result);
    return result;
  }

  /** A started span below a context, with the context's tags; the caller ends it. */
  public static Span startSpan(
      io.opentelemetry.context.Context parent, String name, SpanKind kind) {
    SpanBuilder builder = tracer().spanBuilder(name).setParent(parent).setSpanKind(kind);
    Span span = builder.startSpan();
    tag(span, parent);
    return span;
  }

  /** The context as text headers ("traceparent", "baggage"), for events. */
  public static Map<String, String> headers(io.opentelemetry.context.Context context) {
    Map<String, String> headers = new HashMap<>();
    propagator()
        .inject(
            context,
            headers,
            (TextMapSetter<Map<String, String>>)
                (carrier, key, value) -> {
                  if (carrier != null) {
                    carrier.put(key, value);
                  }
                });
    return headers;
  }

  /** The context of text headers of a trusted event. */
  public static io.opentelemetry.context.Context fromHeaders(Map<String, String> headers) {
    return propagator().extract(io.opentelemetry.context.Context.root(), headers, new MapGetter());
  }

  private static void tag(Span span, io.opentelemetry.context.Context context) {
    Baggage baggage = Baggage.fromContext(context);
    for (AttributeKey<String> key : TAGS) {
      String value = baggage.getEntryValue(key.getKey());
      if (value != null) {
        span.setAttribute(key, value);
      }
    }
  }

  private static TextMapPropagator propagator() {
    return GlobalOpenTelemetry.getPropagators().getTextMapPropagator();
  }

  private static Span start(
      io.opentelemetry.context.Context parent, MethodDescriptor<?, ?> method, SpanKind kind) {
    Span span = startSpan(parent, method.getFullMethodName(), kind);
    span.setAttribute(SYSTEM, "grpc");
    String service = method.getServiceName();
    String name = method.getBareMethodName();
    span.setAttribute(SERVICE, service == null ? "" : service);
    span.setAttribute(METHOD, name == null ? "" : name);
    return span;
  }

  private static void end(Span span, Status status) {
    span.setAttribute(CODE, (long) status.getCode().value());
    if (!status.isOk()) {
      span.setStatus(StatusCode.ERROR, status.getCode().name());
    }
    span.end();
  }

  /**
   * Whether calls of a method are traced: sessions that last as long as a process are not requests.
   */
  private static boolean isTraced(MethodDescriptor<?, ?> method) {
    return method.getType() != MethodDescriptor.MethodType.BIDI_STREAMING
        && method.getType() != MethodDescriptor.MethodType.CLIENT_STREAMING
        && !method.getFullMethodName().startsWith("grpc.");
  }

  /** Starts a span for each served call. */
  static final class Server implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      if (!isTraced(call.getMethodDescriptor())) {
        return next.startCall(call, headers);
      }
      Caller caller = call.getAttributes().get(Caller.ATTRIBUTE);
      io.opentelemetry.context.Context parent =
          caller != null && caller.role().isService()
              ? propagator()
                  .extract(io.opentelemetry.context.Context.root(), headers, new MetadataGetter())
              : io.opentelemetry.context.Context.root();
      Span span = start(parent, call.getMethodDescriptor(), SpanKind.SERVER);
      Context context = with(parent.with(span));
      ServerCall<Q, A> traced =
          new ForwardingServerCall.SimpleForwardingServerCall<>(call) {
            @Override
            public void close(Status status, Metadata trailers) {
              end(span, status);
              super.close(status, trailers);
            }
          };
      return new ForwardingServerCallListener.SimpleForwardingServerCallListener<>(
          Contexts.interceptCall(context, traced, headers, next)) {
        @Override
        public void onCancel() {
          end(span, Status.CANCELLED);
          super.onCancel();
        }
      };
    }
  }

  /** Starts a span for each call made, and sends the context along. */
  static final class Client implements ClientInterceptor {
    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
        MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
      ClientCall<Q, A> call = next.newCall(method, options);
      if (!isTraced(method)) {
        return call;
      }
      return new ForwardingClientCall.SimpleForwardingClientCall<>(call) {
        @Override
        public void start(Listener<A> listener, Metadata headers) {
          io.opentelemetry.context.Context parent = context();
          Span span = Tracing.start(parent, method, SpanKind.CLIENT);
          propagator().inject(parent.with(span), headers, new MetadataSetter());
          super.start(
              new ForwardingClientCallListener.SimpleForwardingClientCallListener<>(listener) {
                @Override
                public void onClose(Status status, Metadata trailers) {
                  end(span, status);
                  super.onClose(status, trailers);
                }
              },
              headers);
        }
      };
    }
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private static final class MetadataSetter implements TextMapSetter<Metadata> {
    @Override
    public void set(@Nullable Metadata carrier, String name, String value) {
      if (carrier != null) {
        carrier.discardAll(key(name));
        carrier.put(key(name), value);
      }
    }
  }

  private static final class MetadataGetter implements TextMapGetter<Metadata> {
    @Override
    public Iterable<String> keys(Metadata carrier) {
      return carrier.keys();
    }

    @Override
    public @Nullable String get(@Nullable Metadata carrier, String name) {
      return carrier == null ? null : carrier.get(key(name));
    }
  }

  private static final class MapGetter implements TextMapGetter<Map<String, String>> {
    @Override
    public Iterable<String> keys(Map<String, String> carrier) {
      return carrier.keySet();
    }

    @Override
    public @Nullable String get(@Nullable Map<String, String> carrier, String name) {
      return carrier == null ? null : carrier.get(name);
    }
  }
}
