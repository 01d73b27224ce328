/**
 * What a tenant may use: requests, tokens and concurrency, decided at once and settled at the end.
 */
@NullMarked
package dev.cofferdam.gateway.quota;

import org.jspecify.annotations.NullMarked;
