/** Usage facts from Kafka: parsed, checked, handed to the ledger with the offsets after them. */
@NullMarked
package dev.cofferdam.metering.usage.kafka;

import org.jspecify.annotations.NullMarked;
