package dev.cofferdam.gateway.ingress.rest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.dispatch.Answered;
import dev.cofferdam.gateway.dispatch.Dispatcher;
import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.Threads;
import dev.cofferdam.gateway.dispatch.Together;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.identity.Identity;
import dev.cofferdam.gateway.ingress.Asked;
import dev.cofferdam.gateway.ingress.Intake;
import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.vocabulary.RequestId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Runs queries whose answers come whole, for whoever waits for them. Each is one request for the
 * limits, whatever it is made of.
 */
public final class WholeRun {
  /** Generations of a query that run at once. */
  private static final int AT_ONCE = 8;

  /** Is told once how it ended, unless it was cancelled. */
  public interface Listener {
    /** The answer in the API's words. */
    void answered(JsonNode body, Optional<LimitState> limits);

    /** It was refused or failed. */
    void failed(Told.Failed failed);
  }

  /**
   * Who asks.
   *
   * @param id the request
   * @param sourceIp address of the peer
   */
  public record Asker(RequestId id, Identity identity, String sourceIp) {}

  private final Intake intake;
  private final Dispatcher dispatcher;

  public WholeRun(Intake intake, Dispatcher dispatcher) {
    this.intake = intake;
    this.dispatcher = dispatcher;
  }

  /**
   * Checks a query and starts it. Not to be called on an event loop.
   *
   * @param change of each input before it is checked
   * @param threads where the work runs, with the request's trace
   * @throws dev.cofferdam.vocabulary.RefusedException where it is refused
   */
  public Together start(
      Query query, Asker asker, UnaryOperator<Asked> change, Threads threads, Listener listener) {
    List<Generation> inputs =
        intake.accept(
            query.operation(),
            asker.id(),
            asker.identity(),
            asker.sourceIp(),
            query.inputs().stream().map(change).toList());
    long epochS = dispatcher.clock().millis() / 1000;
    Writer writer = query.writer(new Query.Begun(asker.id(), epochS, inputs));
    return Together.start(
        dispatcher,
        choices(inputs, query.choices()),
        AT_ONCE,
        threads,
        told(writer, query, listener));
  }

  /** Each input as often as it is to be answered, with a seed of its own each time. */
  static List<Generation> choices(List<Generation> inputs, int choices) {
    List<Generation> all = new ArrayList<>();
    for (Generation input : inputs) {
      for (int i = 0; i < choices; i++) {
        all.add(i == 0 ? input : input.another(RequestId.random(), input.sampling().seed() + i));
      }
    }
    return all;
  }

  private static Together.Listener told(Writer writer, Query query, Listener listener) {
    return new Together.Listener() {
      @Override
      public void done(List<Answered> answers, Optional<LimitState> limits) {
        List<Told.Usage> usages = answers.stream().map(a -> a.end().usage()).toList();
        listener.answered(writer.whole(answers, Told.Usage.sum(usages, query.choices())), limits);
      }

      @Override
      public void failed(Told.Failed failed) {
        listener.failed(failed);
      }
    };
  }
}
