/** Rate cards as configured on Kafka. */
@NullMarked
package dev.cofferdam.metering.pricing.kafka;

import org.jspecify.annotations.NullMarked;
