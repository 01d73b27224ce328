package dev.cofferdam.gateway.ingress.openai;

import dev.cofferdam.gateway.dispatch.Client;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.quota.LimitState;
import java.util.Map;
import java.util.Optional;

/**
 * The answers to one HTTP request, each a generation of its own. They finish together; where one
 * fails, the request fails. Everything here runs on the exchange's event loop.
 */
abstract class Choices {
  private final HttpExchange exchange;
  private final int count;
  private Optional<LimitState> limits = Optional.empty();
  private Told.Usage usage = new Told.Usage(0, 0, 0);
  private int finished;
  private boolean over;

  Choices(HttpExchange exchange, int count) {
    this.exchange = exchange;
    this.count = count;
  }

  /** The client of one of the generations. */
  final Client client(int choice) {
    return new Client() {
      @Override
      public void tell(Told told) {
        exchange.onLoop(() -> take(choice, told));
      }

      @Override
      public boolean ready() {
        return Choices.this.ready();
      }
    };
  }

  /** Whether more can be taken without buffering. */
  abstract boolean ready();

  abstract void text(int choice, Told.Text text);

  abstract void ended(int choice, Told.Reason reason);

  /** All of them ended. The input counts once. */
  abstract void finished(Told.Usage sum);

  abstract void failed(Told.Failed failed);

  /** Headers that say what the limiter left. */
  final Map<String, String> limitHeaders() {
    return limits.map(ApiErrors::limits).orElse(Map.of());
  }

  private void take(int choice, Told told) {
    if (over) {
      return;
    }
    switch (told) {
      case Told.Accepted accepted -> limits = Optional.of(accepted.limits());
      case Told.Waiting unused -> {
        // The protocol has no words for it.
      }
      case Told.Text text -> text(choice, text);
      case Told.Finished end -> {
        usage = sum(usage, end.usage());
        ended(choice, end.reason());
        if (++finished == count) {
          over = true;
          finished(usage);
        }
      }
      case Told.Failed failed -> {
        over = true;
        failed(failed);
        exchange.abandon();
      }
    }
  }

  private static Told.Usage sum(Told.Usage a, Told.Usage b) {
    return new Told.Usage(
        Math.max(a.promptTokens(), b.promptTokens()),
        Math.max(a.cachedPromptTokens(), b.cachedPromptTokens()),
        a.outputTokens() + b.outputTokens());
  }
}
