package dev.cofferdam.gateway.shadow;

import dev.cofferdam.gateway.dispatch.Client;
import dev.cofferdam.gateway.dispatch.Dispatcher;
import dev.cofferdam.gateway.dispatch.Ending;
import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.RequestObserver;
import dev.cofferdam.gateway.dispatch.Threads;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.vocabulary.RequestId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs shadows: generations for another model that follow a request once it was answered. They are
 * dispatched like any other, but nobody reads them, no limit counts them, and only few run at once;
 * what is more is left out. A request that was not answered has no shadow. Thread-safe.
 */
public final class Shadows {
  private static final int WAITING_MAX = 256;

  private final int runningMax;
  private final Consumer<Comparison> listener;
  private final Map<RequestId, Generation> waiting = new LinkedHashMap<>();
  private @Nullable Dispatcher dispatcher;
  private int running;

  /**
   * @param runningMax shadows at once
   * @param listener told of each shadow's end; must not block
   */
  public Shadows(int runningMax, Consumer<Comparison> listener) {
    this.runningMax = runningMax;
    this.listener = listener;
  }

  /** From now on shadows run through the ports of a dispatcher. */
  public synchronized void through(Dispatcher ports) {
    dispatcher = ports;
  }

  /** A request, once answered, is followed by a shadow. */
  public synchronized void follow(RequestId request, Generation shadow) {
    waiting.put(request, shadow);
    if (waiting.size() > WAITING_MAX) {
      waiting.remove(waiting.keySet().iterator().next());
    }
  }

  /** A request ended. */
  public void ended(Generation answered, Ending ending) {
    Generation shadow;
    Dispatcher ports;
    synchronized (this) {
      shadow = waiting.remove(answered.id());
      ports = dispatcher;
      boolean worthIt =
          ending.outcome() == AuditFact.Outcome.COMPLETED && ending.recalled().isEmpty();
      if (shadow == null || ports == null || !worthIt || running >= runningMax) {
        return;
      }
      running++;
    }
    var unused =
        ports
            .shadowing(new Follower(answered, ending))
            .start(shadow, NOBODY, new Threads(Runnable::run, ports.disk()));
  }

  private synchronized void left() {
    running--;
  }

  /** Sees a shadow to its end. */
  private final class Follower implements RequestObserver {
    private final Generation answered;
    private final Ending ending;

    private Follower(Generation answered, Ending ending) {
      this.answered = answered;
      this.ending = ending;
    }

    @Override
    public void ended(Generation shadow, Ending how) {
      left();
      listener.accept(new Comparison(answered.model().id(), shadow.model().id(), ending, how));
    }

    @Override
    public void auditLost(Generation shadow) {
      // The publisher counts what it could not keep.
    }

    @Override
    public void broken(Generation shadow, Throwable bug) {
      // It ends as failed, which the comparison tells.
    }
  }

  private static final Client NOBODY =
      new Client() {
        @Override
        public void tell(Told told) {
          // Nobody gets it.
        }

        @Override
        public boolean ready() {
          return true;
        }
      };
}
