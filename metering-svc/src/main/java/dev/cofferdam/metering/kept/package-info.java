/** What tenants keep, hour by hour: adapters in workers' memory, bytes in gateways' databases. */
@NullMarked
package dev.cofferdam.metering.kept;

import org.jspecify.annotations.NullMarked;
