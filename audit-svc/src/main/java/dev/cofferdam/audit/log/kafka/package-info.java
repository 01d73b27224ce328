/** Audit facts on their way from Kafka into the log, with the offsets after them. */
@NullMarked
package dev.cofferdam.audit.log.kafka;

import org.jspecify.annotations.NullMarked;
