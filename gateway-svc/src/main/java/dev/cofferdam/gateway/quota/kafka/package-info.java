/** What the ledger says of tenants' spending, from Kafka. */
@NullMarked
package dev.cofferdam.gateway.quota.kafka;

import org.jspecify.annotations.NullMarked;
