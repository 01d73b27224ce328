package dev.cofferdam.gateway.dispatch;

import dev.cofferdam.vocabulary.Tier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Runs a course and writes down its effects as text. */
final class CourseScenario {
  final Generation generation;
  final Course course;
  final List<String> trace = new ArrayList<>();
  final StringBuilder text = new StringBuilder();
  long now = 1_000;
  Effect.Place lastPlace;
  Ending ending;
  Told last;

  CourseScenario(Tier tier, int outputMax, String... stops) {
    this(Samples.generation(tier, outputMax, stops));
  }

  CourseScenario(Generation generation) {
    this.generation = generation;
    course = new Course(generation, now);
  }

  CourseScenario take(Event... events) {
    for (Event event : events) {
      now += 10;
      course.step(event, now).forEach(this::note);
    }
    return this;
  }

  CourseScenario untilServing() {
    return take(
        new Event.Begin(true),
        new Event.Admitted(Samples.LIMITS),
        new Event.Placed(Samples.placement("w1")),
        new Event.WorkerStarted(2, true));
  }

  private void note(Effect effect) {
    switch (effect) {
      case Effect.Admit unused -> trace.add("admit");
      case Effect.Recall unused -> trace.add("recall");
      case Effect.Keep k -> trace.add("keep " + k.response());
      case Effect.Settle s ->
          trace.add("settle " + s.used().promptTokens() + "+" + s.used().outputTokens());
      case Effect.Place p -> {
        lastPlace = p;
        trace.add(
            "place " + p.attempt() + " generated " + p.generated() + " without " + p.excluded());
      }
      case Effect.StopPlacing unused -> trace.add("stop placing");
      case Effect.Generate g -> trace.add("generate on " + g.placement().workerId());
      case Effect.StopWorker unused -> trace.add("stop worker");
      case Effect.FinishWorker f -> trace.add("finish worker " + f.outputTokens());
      case Effect.DeadLetter d -> trace.add("dead letter " + d.workerIds());
      case Effect.Wake w -> trace.add("wake in " + w.afterMs());
      case Effect.Record r -> {
        ending = r.ending();
        trace.add("record " + r.ending().outcome());
      }
      case Effect.Tell t -> {
        last = t.told();
        switch (t.told()) {
          case Told.Text more -> text.append(more.text());
          case Told.Accepted unused -> trace.add("tell accepted");
          case Told.Recalled r -> trace.add("tell recalled " + r.match().label());
          case Told.Waiting w -> trace.add("tell waiting " + w.position());
          case Told.Embedding e -> trace.add("tell embedding " + Arrays.toString(e.values()));
          case Told.Finished f -> trace.add("tell finished " + f.reason());
          case Told.Failed f -> trace.add("tell " + f.refusal().code());
        }
      }
    }
  }
}
