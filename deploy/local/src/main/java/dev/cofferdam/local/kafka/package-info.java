/** A Kafka broker in a process of its own. */
@NullMarked
package dev.cofferdam.local.kafka;

import org.jspecify.annotations.NullMarked;
