package dev.cofferdam.gateway.console;

import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.RequestId;
import java.util.List;

/** Where spans of requests are kept. */
public interface Traces {
  /**
   * The spans of all traces in which a request is named, in no order; empty where none is kept (or
   * not yet). Blocks.
   *
   * @throws RefusedException DEPENDENCY_UNAVAILABLE where the store does not answer
   */
  List<Span> ofRequest(RequestId request);

  /**
   * A part of a request's way.
   *
   * @param id unique in its trace
   * @param parent the id of the span that it belongs to; empty: none
   * @param service who did it
   * @param name what was done
   * @param startUs microseconds since the epoch
   * @param lengthUs how long it took
   * @param failed whether it is marked as an error
   */
  record Span(
      String id,
      String parent,
      String service,
      String name,
      long startUs,
      long lengthUs,
      boolean failed) {}
}
