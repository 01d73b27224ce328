/** The tenants' and pools' records as views of their compacted topics. */
@NullMarked
package dev.cofferdam.scheduler.tenancy.kafka;

import org.jspecify.annotations.NullMarked;
