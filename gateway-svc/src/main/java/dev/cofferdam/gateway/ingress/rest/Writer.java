package dev.cofferdam.gateway.ingress.rest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.dispatch.Answered;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.vocabulary.Refusal;
import java.util.List;

/**
 * Writes one answer in an API's words, whole or as events. Choices are numbered through all inputs.
 * Called by one thread at a time.
 */
public interface Writer {
  /** The whole answer. */
  JsonNode whole(List<Answered> choices, Told.Usage sum);

  /** More text of a choice. */
  void text(EventStream out, int choice, Told.Text text);

  /** The end of a choice. */
  void ended(EventStream out, int choice, Told.Finished end);

  /** The end of all of them. */
  void finished(EventStream out, Told.Usage sum);

  /** The end of a stream that broke off. */
  void failed(EventStream out, Refusal refusal);
}
