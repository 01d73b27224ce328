/** Retention as the tenants' records say it, and erasures as audit facts. */
@NullMarked
package dev.cofferdam.audit.retention.kafka;

import org.jspecify.annotations.NullMarked;
