/** Usage facts of lost attempts on Kafka. */
@NullMarked
package dev.cofferdam.scheduler.workers.kafka;

import org.jspecify.annotations.NullMarked;
