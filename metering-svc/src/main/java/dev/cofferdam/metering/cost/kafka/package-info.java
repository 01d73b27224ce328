/** Hours of nodes, as configured on Kafka. */
@NullMarked
package dev.cofferdam.metering.cost.kafka;

import org.jspecify.annotations.NullMarked;
