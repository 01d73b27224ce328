package dev.cofferdam.gateway.retrieval;

import java.util.List;

/**
 * What is looked for.
 *
 * @param text whose words are looked for; any of them counts
 * @param collections where; empty: everywhere
 * @param passagesMax passages at most
 * @param language PostgreSQL's text search configuration by which words are compared
 */
public record Question(String text, List<String> collections, int passagesMax, String language) {
  public Question {
    collections = List.copyOf(collections);
  }
}
