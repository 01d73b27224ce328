package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.gateway.dispatch.Client;
import dev.cofferdam.gateway.dispatch.ResponseCache;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.quota.LimitState;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The answer to one HTTP request, made of one or more generations. They finish together; where one
 * fails, the request fails. Everything here runs on the exchange's event loop.
 */
abstract class Answer {
  private final HttpExchange exchange;
  private final int choices;
  private final Told.Usage[] usages;
  private Optional<LimitState> limits = Optional.empty();
  private Optional<ResponseCache.Match> recalled = Optional.empty();
  private int finished;
  private boolean over;

  /**
   * @param inputs inputs that are answered
   * @param choices answers to each
   */
  Answer(HttpExchange exchange, int inputs, int choices) {
    this.exchange = exchange;
    this.choices = choices;
    this.usages = new Told.Usage[inputs * choices];
  }

  /** The client of one of the generations: those of the first input come first. */
  final Client client(int index) {
    return new Client() {
      @Override
      public void tell(Told told) {
        exchange.onLoop(() -> take(index, told));
      }

      @Override
      public boolean ready() {
        return Answer.this.ready();
      }
    };
  }

  /** Whether more can be taken without buffering. */
  abstract boolean ready();

  abstract void text(int choice, Told.Text text);

  abstract void ended(int choice, Told.Finished end);

  /** All of them ended. Each input counts once. */
  abstract void finished(Told.Usage sum);

  abstract void failed(Told.Failed failed);

  /** Headers that say what the limiter left, and whether the answer was given before. */
  final Map<String, String> headers() {
    Map<String, String> headers =
        new LinkedHashMap<>(limits.map(exchange.dialect()::limits).orElse(Map.of()));
    recalled.ifPresent(match -> headers.put("x-response-cache", match.label()));
    return headers;
  }

  private void take(int choice, Told told) {
    if (over) {
      return;
    }
    switch (told) {
      case Told.Accepted accepted -> limits = Optional.of(accepted.limits());
      case Told.Waiting unused -> {
        // The protocols have no words for it.
      }
      case Told.Recalled again -> recalled = Optional.of(again.match());
      case Told.Text text -> text(choice, text);
      case Told.Embedding unused ->
          throw new IllegalStateException("nobody asked for an embedding");
      case Told.Finished end -> {
        usages[choice] = end.usage();
        ended(choice, end);
        if (++finished == usages.length) {
          over = true;
          finished(Told.Usage.sum(List.of(usages), choices));
        }
      }
      case Told.Failed failed -> {
        over = true;
        failed(failed);
        exchange.abandon();
      }
    }
  }
}
