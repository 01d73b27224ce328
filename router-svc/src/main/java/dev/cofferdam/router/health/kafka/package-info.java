/** The ends of attempts, read from the usage topic. */
@NullMarked
package dev.cofferdam.router.health.kafka;

import org.jspecify.annotations.NullMarked;
