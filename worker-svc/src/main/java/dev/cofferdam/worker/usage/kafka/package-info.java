/** Metering records as usage events on Kafka. */
@NullMarked
package dev.cofferdam.worker.usage.kafka;

import org.jspecify.annotations.NullMarked;
