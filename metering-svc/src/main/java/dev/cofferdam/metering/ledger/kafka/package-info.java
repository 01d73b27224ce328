/** Usage facts on their way from Kafka into the ledger, with the offsets after them. */
@NullMarked
package dev.cofferdam.metering.ledger.kafka;

import org.jspecify.annotations.NullMarked;
