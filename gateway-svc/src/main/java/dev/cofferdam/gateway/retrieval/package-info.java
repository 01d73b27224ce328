/**
 * A tenant's documents: cut into passages, found by the words of a question, put into its prompt,
 * and cited in the answer.
 */
@NullMarked
package dev.cofferdam.gateway.retrieval;

import org.jspecify.annotations.NullMarked;
