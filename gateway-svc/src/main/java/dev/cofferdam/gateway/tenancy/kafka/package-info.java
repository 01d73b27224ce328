/** Tenants, keys, models and adapters as the configuration topics have them. */
@NullMarked
package dev.cofferdam.gateway.tenancy.kafka;

import org.jspecify.annotations.NullMarked;
