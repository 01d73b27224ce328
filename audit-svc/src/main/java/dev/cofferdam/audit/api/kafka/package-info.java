/** Attempts to see another tenant's records, as audit facts on Kafka. */
@NullMarked
package dev.cofferdam.audit.api.kafka;

import org.jspecify.annotations.NullMarked;
