package dev.cofferdam.gateway.ingress.rest;

import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.ingress.Asked;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.RequestId;
import java.util.List;

/** What a client asks of an endpoint, read but not yet checked against models and limits. */
public interface Query {
  /** What is done with each input. */
  default Operation operation() {
    return Operation.GENERATE;
  }

  /** The inputs, one at least. */
  List<Asked> inputs();

  /** Answers to each input; each is a generation of its own. */
  int choices();

  /** Whether the answer is a stream of events. */
  boolean stream();

  /** How the answer is written. */
  Writer writer(Begun begun);

  /**
   * A query that was let in.
   *
   * @param id the request
   * @param epochS seconds since the epoch
   * @param inputs the first generation of each input
   */
  record Begun(RequestId id, long epochS, List<Generation> inputs) {
    public Begun {
      inputs = List.copyOf(inputs);
    }

    /** That of the first input. */
    public Generation first() {
      return inputs.getFirst();
    }
  }
}
