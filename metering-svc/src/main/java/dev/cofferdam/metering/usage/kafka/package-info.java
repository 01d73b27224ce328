/** Usage facts as they come from Kafka: parsed and checked. */
@NullMarked
package dev.cofferdam.metering.usage.kafka;

import org.jspecify.annotations.NullMarked;
