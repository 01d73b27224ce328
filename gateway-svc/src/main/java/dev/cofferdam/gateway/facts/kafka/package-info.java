/** Audit facts on their way to Kafka, by way of the disk spool. */
@NullMarked
package dev.cofferdam.gateway.facts.kafka;

import org.jspecify.annotations.NullMarked;
