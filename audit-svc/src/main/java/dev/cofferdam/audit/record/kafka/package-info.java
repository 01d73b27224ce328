/** Audit facts as they come from Kafka: parsed and checked. */
@NullMarked
package dev.cofferdam.audit.record.kafka;

import org.jspecify.annotations.NullMarked;
