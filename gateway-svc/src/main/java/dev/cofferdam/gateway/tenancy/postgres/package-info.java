/** The gateway's own database: transactions that see one tenant's rows. */
@NullMarked
package dev.cofferdam.gateway.tenancy.postgres;

import org.jspecify.annotations.NullMarked;
