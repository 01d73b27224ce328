/** Facts of what is kept, from Kafka. */
@NullMarked
package dev.cofferdam.metering.kept.kafka;

import org.jspecify.annotations.NullMarked;
