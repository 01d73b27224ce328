package dev.cofferdam.gateway.ingress.grpc;

import dev.cofferdam.gateway.dispatch.Dispatch;
import dev.cofferdam.gateway.dispatch.Dispatcher;
import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.Threads;
import dev.cofferdam.gateway.dispatch.Together;
import dev.cofferdam.gateway.ingress.Asked;
import dev.cofferdam.gateway.ingress.BodyMemory;
import dev.cofferdam.gateway.ingress.Intake;
import dev.cofferdam.gateway.ingress.Offers;
import dev.cofferdam.gateway.tenancy.AdapterEntry;
import dev.cofferdam.gateway.tenancy.ModelEntry;
import dev.cofferdam.proto.inference.v1.CountTokensRequest;
import dev.cofferdam.proto.inference.v1.CountTokensResponse;
import dev.cofferdam.proto.inference.v1.EmbedRequest;
import dev.cofferdam.proto.inference.v1.EmbedResponse;
import dev.cofferdam.proto.inference.v1.GenerateRequest;
import dev.cofferdam.proto.inference.v1.GenerateResponse;
import dev.cofferdam.proto.inference.v1.InferenceServiceGrpc;
import dev.cofferdam.proto.inference.v1.ListModelsRequest;
import dev.cofferdam.proto.inference.v1.ListModelsResponse;
import dev.cofferdam.proto.inference.v1.ModelInfo;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.TenantProfile;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** The public inference service. Callers were let in by the {@link IdentityInterceptor}. */
public final class InferenceEndpoint extends InferenceServiceGrpc.InferenceServiceImplBase {
  /** Inputs of one request for embeddings that run at once. */
  private static final int EMBEDDED_AT_ONCE = 8;

  private final Intake intake;
  private final Dispatcher dispatcher;
  private final Executor executor;
  private final BodyMemory bodies;

  /**
   * @param executor where long requests are read; {@link #generate} itself runs on event loops
   * @param bodies room for those that wait for it
   */
  public InferenceEndpoint(
      Intake intake, Dispatcher dispatcher, Executor executor, BodyMemory bodies) {
    this.intake = intake;
    this.dispatcher = dispatcher;
    this.executor = executor;
    this.bodies = bodies;
  }

  /** Whether a method, by its full name, never waits, so that it can run on event loops. */
  public static boolean isShort(String method) {
    return method.equals(InferenceServiceGrpc.getGenerateMethod().getFullMethodName());
  }

  /** The service, with requests parsed where a refusal can be answered. */
  public ServerServiceDefinition strict() {
    return StrictMessages.of(bindService());
  }

  @Override
  public void generate(GenerateRequest request, StreamObserver<GenerateResponse> observer) {
    ServerCallStreamObserver<GenerateResponse> call =
        (ServerCallStreamObserver<GenerateResponse>) observer;
    AtomicReference<Dispatch> started = new AtomicReference<>();
    call.setOnReadyHandler(() -> with(started, Dispatch::writable));
    call.setOnCancelHandler(() -> with(started, Dispatch::cancel));
    IdentityInterceptor.Admitted admitted = IdentityInterceptor.Admitted.current();
    Asked asked = GrpcAsked.of(request, deadlineEpochMs());
    TenantProfile tenant = admitted.identity().tenant();
    if (request.getSerializedSize() <= Intake.SHORT_BYTES_MAX && intake.isShort(tenant, asked)) {
      begin(call, admitted, asked, started);
      return;
    }
    BodyMemory.Share body = bodies.share(tenant.id());
    if (!body.grow(request.getSerializedSize())) {
      throw Intake.BUSY.asException();
    }
    queue(Context.current().wrap(() -> begin(call, admitted, asked, started)), call, body);
  }

  private void queue(
      Runnable work, ServerCallStreamObserver<GenerateResponse> call, BodyMemory.Share body) {
    try {
      executor.execute(
          () -> {
            try {
              work.run();
            } catch (RuntimeException e) {
              call.onError(e);
            } catch (StackOverflowError e) {
              call.onError(new IllegalStateException("the stack is too short", e));
            } finally {
              body.close();
            }
          });
    } catch (RejectedExecutionException full) {
      body.close();
      throw Intake.BUSY.asException();
    }
  }

  private void begin(
      ServerCallStreamObserver<GenerateResponse> call,
      IdentityInterceptor.Admitted admitted,
      Asked asked,
      AtomicReference<Dispatch> started) {
    Generation generation =
        intake.accept(admitted.request(), admitted.identity(), admitted.sourceIp(), asked);
    started.set(
        dispatcher.start(
            generation,
            new GrpcClient(
                call,
                generation,
                admitted.pace(),
                pause -> later(pause, () -> with(started, Dispatch::writable))),
            threads()));
    if (call.isCancelled()) {
      with(started, Dispatch::cancel);
    }
  }

  @Override
  public void embed(EmbedRequest request, StreamObserver<EmbedResponse> observer) {
    ServerCallStreamObserver<EmbedResponse> call =
        (ServerCallStreamObserver<EmbedResponse>) observer;
    AtomicReference<Together> started = new AtomicReference<>();
    Runnable left = () -> Optional.ofNullable(started.get()).ifPresent(Together::cancel);
    call.setOnCancelHandler(left);
    IdentityInterceptor.Admitted admitted = IdentityInterceptor.Admitted.current();
    List<Generation> generations =
        intake.accept(
            Operation.EMBED,
            admitted.request(),
            admitted.identity(),
            admitted.sourceIp(),
            GrpcAsked.of(request, deadlineEpochMs()));
    started.set(
        Together.start(
            dispatcher,
            generations,
            EMBEDDED_AT_ONCE,
            threads(),
            new EmbeddingAnswer(call, generations.getFirst())));
    if (call.isCancelled()) {
      left.run();
    }
  }

  @Override
  public void countTokens(
      CountTokensRequest request, StreamObserver<CountTokensResponse> observer) {
    int tokens =
        intake.count(IdentityInterceptor.Admitted.current().identity(), GrpcAsked.of(request));
    observer.onNext(CountTokensResponse.newBuilder().setPromptTokens(tokens).build());
    observer.onCompleted();
  }

  @Override
  public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> observer) {
    TenantProfile tenant = IdentityInterceptor.Admitted.current().identity().tenant();
    ListModelsResponse.Builder response = ListModelsResponse.newBuilder();
    for (ModelEntry model : intake.offers().models(tenant)) {
      response.addModels(
          ModelInfo.newBuilder()
              .setId(model.id())
              .setContextTokensMax(Offers.contextTokensMax(tenant, model))
              .addAllAdapters(
                  intake.offers().adapters(tenant, model).stream().map(AdapterEntry::name).toList())
              .setCreatedEpochS(model.createdEpochS()));
    }
    observer.onNext(response.build());
    observer.onCompleted();
  }

  private void later(Duration wait, Runnable action) {
    dispatcher.timer().schedule(action, wait.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Forked: the call's end must not end what its request still does, such as settling. */
  private Threads threads() {
    Context context = Context.current().fork();
    return new Threads(
        context.fixedContextExecutor(Runnable::run),
        context.fixedContextExecutor(dispatcher.disk()));
  }

  private OptionalLong deadlineEpochMs() {
    Deadline deadline = Context.current().getDeadline();
    return deadline == null
        ? OptionalLong.empty()
        : OptionalLong.of(
            dispatcher.clock().millis() + deadline.timeRemaining(TimeUnit.MILLISECONDS));
  }

  private static void with(AtomicReference<Dispatch> started, Consumer<Dispatch> action) {
    Dispatch dispatch = started.get();
    if (dispatch != null) {
      action.accept(dispatch);
    }
  }
}
