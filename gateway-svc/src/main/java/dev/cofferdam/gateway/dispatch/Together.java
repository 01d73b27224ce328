package dev.cofferdam.gateway.dispatch;

import dev.cofferdam.gateway.quota.LimitState;
import dev.cofferdam.gateway.quota.Reservation;
import dev.cofferdam.gateway.quota.SharedReservation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Generations that are one request for the limits and are answered together, whole: the first one
 * alone until it is let in, then so many at once. Where one is refused or fails, the others end and
 * none is answered. Thread-safe.
 */
public final class Together {
  private static final float[] NO_EMBEDDING = {};

  /**
   * Is told once how it ended, unless it was cancelled; on the thread of one of the generations.
   */
  public interface Listener {
    /** All of them were answered. */
    void done(List<Answered> answers, Optional<LimitState> limits);

    /** One was refused or failed. */
    void failed(Told.Failed failed);
  }

  private final Dispatcher dispatcher;
  private final SharedReservation reservation;
  private final List<Generation> generations;
  private final int atOnceMax;
  private final Threads threads;
  private final Listener listener;
  private final Answered[] answers;
  private final List<Dispatch> running = new ArrayList<>();
  private Optional<LimitState> limits = Optional.empty();
  private int started;
  private int ended;
  private boolean over;

  private Together(
      Dispatcher dispatcher,
      List<Generation> generations,
      int atOnceMax,
      Threads threads,
      Listener listener) {
    this.reservation = new SharedReservation(dispatcher.limiter(), whole(generations));
    this.dispatcher = dispatcher.limitedBy(reservation);
    this.generations = List.copyOf(generations);
    this.atOnceMax = atOnceMax;
    this.threads = threads;
    this.listener = listener;
    this.answers = new Answered[generations.size()];
  }

  /**
   * Starts them.
   *
   * @param generations of one tenant and model, at least one
   * @param atOnceMax how many run at once
   * @param threads where their work runs
   */
  public static Together start(
      Dispatcher dispatcher,
      List<Generation> generations,
      int atOnceMax,
      Threads threads,
      Listener listener) {
    Together together = new Together(dispatcher, generations, atOnceMax, threads, listener);
    together.startUpTo(1);
    return together;
  }

  private static Reservation whole(List<Generation> generations) {
    Generation first = generations.getFirst();
    long prompt = 0;
    long output = 0;
    for (Generation one : generations) {
      prompt += one.inputTokensMax();
      output += one.outputTokensMax();
    }
    return new Reservation(
        first.id(), first.identity().tenant(), first.model().id(), prompt, output);
  }

  /** Ends them; the listener hears no more. */
  public void cancel() {
    if (end()) {
      stop();
    }
  }

  private synchronized void startUpTo(int atOnce) {
    while (!over && started < generations.size() && started - ended < atOnce) {
      int index = started++;
      Dispatch one = dispatcher.start(generations.get(index), new Part(index), threads);
      running.add(one);
      if (over) {
        one.cancel(); // ended by what it started itself
      }
    }
  }

  /** Whether this call ended it. */
  private synchronized boolean end() {
    boolean first = !over;
    over = true;
    if (first) {
      reservation.close();
    }
    return first;
  }

  private void stop() {
    List<Dispatch> left;
    synchronized (this) {
      left = List.copyOf(running);
    }
    left.forEach(Dispatch::cancel);
  }

  private void accepted(LimitState state) {
    synchronized (this) {
      limits = Optional.of(state);
    }
    startUpTo(atOnceMax);
  }

  private void answered(int index, Answered answer) {
    boolean last;
    synchronized (this) {
      answers[index] = answer;
      last = ++ended == answers.length;
    }
    if (!last) {
      startUpTo(atOnceMax);
    } else if (end()) {
      listener.done(Arrays.asList(answers), limits);
    }
  }

  private void failed(Told.Failed failed) {
    if (end()) {
      stop();
      listener.failed(failed);
    }
  }

  /** The client of one of them. */
  private final class Part implements Client {
    private final int index;
    private final StringBuilder text = new StringBuilder();
    private final List<TokenScores> scores = new ArrayList<>();
    private float[] embedding = NO_EMBEDDING;

    Part(int index) {
      this.index = index;
    }

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public void tell(Told told) {
      switch (told) {
        case Told.Accepted accepted -> accepted(accepted.limits());
        case Told.Waiting unused -> {
          // An answer that comes whole has no words for it.
        }
        case Told.Recalled unused -> {
          // Nor for this.
        }
        case Told.Text more -> {
          text.append(more.text());
          scores.addAll(more.scores());
        }
        case Told.Embedding made -> embedding = made.values();
        case Told.Finished end ->
            answered(index, new Answered(text.toString(), scores, embedding, end));
        case Told.Failed failed -> failed(failed);
      }
    }
  }
}
