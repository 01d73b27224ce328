/**
 * Pages for those who pay, and for those who look after the money: bills, costs, budgets, invoices.
 */
@NullMarked
package dev.cofferdam.metering.console;

import org.jspecify.annotations.NullMarked;
