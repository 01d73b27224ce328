/** Attempts to see another tenant's usage, as audit facts on Kafka. */
@NullMarked
package dev.cofferdam.metering.api.kafka;

import org.jspecify.annotations.NullMarked;
