/** What tenants' records say that concerns scheduling: the memory that they are sure of. */
@NullMarked
package dev.cofferdam.scheduler.tenancy;

import org.jspecify.annotations.NullMarked;
