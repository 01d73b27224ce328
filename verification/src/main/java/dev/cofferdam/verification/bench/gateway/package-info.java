/** What the gateway costs, beside a bare proxy, over an upstream that answers at once. */
@NullMarked
package dev.cofferdam.verification.bench.gateway;

import org.jspecify.annotations.NullMarked;
