/** What is leased to whom on which worker. */
@NullMarked
package dev.cofferdam.scheduler.ledger;

import org.jspecify.annotations.NullMarked;
