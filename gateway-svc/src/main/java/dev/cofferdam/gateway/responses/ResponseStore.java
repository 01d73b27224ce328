package dev.cofferdam.gateway.responses;

import dev.cofferdam.vocabulary.TenantId;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Where sealed answers, and what leads to them, lie in numbered places of each tenant. */
public interface ResponseStore {
  /** Places of a tenant on each shelf. */
  int PLACES = 1024;

  /** What lies together. */
  enum Shelf {
    /** Answers. */
    ANSWERS,
    /** Questions that they were given to. */
    QUESTIONS
  }

  /**
   * The contents of places that follow each other, without those that hold nothing; fails where the
   * store does.
   */
  CompletionStage<List<byte[]>> get(TenantId tenant, Shelf shelf, int first, int places);

  /** Replaces a place's content for some time; what cannot be written is lost. */
  void put(TenantId tenant, Shelf shelf, int place, byte[] content, int seconds);

  /** Empties all of a tenant's places; fails where the store does. */
  CompletionStage<Void> erase(TenantId tenant);
}
