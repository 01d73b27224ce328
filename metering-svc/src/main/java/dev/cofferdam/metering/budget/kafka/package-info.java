/** Budgets from the tenants' records, and what is told of them. */
@NullMarked
package dev.cofferdam.metering.budget.kafka;

import org.jspecify.annotations.NullMarked;
