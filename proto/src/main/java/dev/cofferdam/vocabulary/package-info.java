/**
 * The words that every service shares: identities, tiers, refusals, digests. Depends on nothing but
 * the JDK.
 */
@NullMarked
package dev.cofferdam.vocabulary;

import org.jspecify.annotations.NullMarked;
